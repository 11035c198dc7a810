// All datasets of the project: cover, count, captions; search by name and kind.
import type { Dataset, TrainingJob } from '@styleforge/sdk';
import type { ReactElement } from 'react';
import { useRef } from 'react';
import { Link, useLocation } from 'wouter';
import { useAddress } from '../../data/address.ts';
import { bytes, plural } from '../../data/format.ts';
import { useDataset, useDatasets } from '../../data/queries.ts';
import { useJobs } from '../../data/job-list.ts';
import { useHidden } from '../../data/undo.ts';
import { Ago } from '../../ui/ago.tsx';
import { Empty, Failure, Loading, NoMatch, PageHead, Segmented } from '../../ui/parts.tsx';
import { SearchField } from '../../ui/fields.tsx';
import { Icon } from '../../ui/icons.tsx';
import { Picture } from '../../ui/picture.tsx';
import { useSeen } from '../../ui/seen.ts';
import { type Kind, KINDS, NewDataset } from './new-dataset.tsx';

/** Numbers of images that fill a cover. */
const COVERS = [8, 5, 4, 3, 2, 1];
const FILTERS = [
  { value: 'all', label: 'All' },
  { value: 'style_ref', label: 'Style' },
  { value: 'aux', label: 'Aux' },
] as const;

export function Datasets(): ReactElement {
  const { data, error } = useDatasets();
  const jobs = useJobs().data ?? [];
  const hidden = useHidden();
  const [, navigate] = useLocation();
  const [params, set] = useAddress();
  const kind = params.get('kind') ?? 'all';
  const search = params.get('q') ?? '';
  const making = params.get('new');
  const all = data?.filter(({ id }) => !hidden.has(id)) ?? [];
  const shown = data && all.filter((one) => (kind === 'all' || one.kind === kind) && one.name.toLowerCase().includes(search.toLowerCase()));
  return (
    <>
      <PageHead title="Datasets">
        <button type="button" className="button primary" onClick={() => set('new', 'style_ref')}>
          <Icon name="plus" />
          New dataset
        </button>
      </PageHead>
      <Filters kind={kind} search={search} set={set} />
      {error && !data && <Failure error={error} what="Datasets" />}
      {!data && !error && <Loading />}
      {shown?.length === 0 && <NoDatasets isFiltered={all.length > 0} onNew={() => set('new', 'style_ref')} />}
      <div className="cards">
        {shown?.map((dataset) => (
          <DatasetCard key={dataset.id} dataset={dataset} uses={usesOf(jobs, dataset.id)} />
        ))}
      </div>
      {making && (
        <NewDataset
          kind={making === 'aux' ? 'aux' : 'style_ref'}
          onKind={(value) => set('new', value)}
          onClose={() => set('new', null)}
          onCreated={({ id }) => navigate(`/datasets/${id}`)}
        />
      )}
    </>
  );
}

function NoDatasets({ isFiltered, onNew }: { isFiltered: boolean; onNew(): void }): ReactElement {
  if (isFiltered) return <NoMatch title="No dataset matches" all="/datasets" label="Show all datasets" />;
  return (
    <Empty title="No datasets yet" icon="images">
      <p>
        A dataset holds the images that a training learns from. Begin with 15 to 20 images of your style; most methods also use Aux images,
        which keep what the base model already knows.
      </p>
      <button type="button" className="button primary" onClick={onNew}>
        Add images of your style
      </button>
    </Empty>
  );
}

function Filters({ kind, search, set }: { kind: string; search: string; set: ReturnType<typeof useAddress>[1] }): ReactElement {
  return (
    <div className="row filters">
      <Segmented
        label="Kind"
        value={kind as (typeof FILTERS)[number]['value']}
        choices={FILTERS}
        onChange={(value) => set('kind', value === 'all' ? null : value)}
      />
      <SearchField label="Search by name" placeholder="Search" value={search} onValue={(value) => set('q', value)} />
    </div>
  );
}

const usesOf = (jobs: TrainingJob[], id: string): number =>
  jobs.filter(({ config }) => config.style_ref.dataset_id === id || config.aux?.dataset_id === id).length;

function DatasetCard({ dataset, uses }: { dataset: Dataset; uses: number }): ReactElement {
  const frame = useRef<HTMLElement>(null);
  const isSeen = useSeen(frame);
  const { data: detail } = useDataset(isSeen && dataset.image_count > 0 ? dataset.id : undefined);
  const images = detail?.images ?? [];
  const shown = COVERS.find((count) => count <= dataset.image_count) ?? 0;
  const captioned = detail?.images.filter(({ caption }) => caption !== null).length ?? 0;
  return (
    <article ref={frame} className="card job-card">
      <Link className="job-card-link" href={`/datasets/${dataset.id}`}>
        <div className="mosaic cover" data-count={shown} aria-hidden="true">
          {Array.from({ length: shown }, (_, index) => (
            <Picture key={images[index]?.id ?? index} path={images[index]?.thumbnail_url} alt="" width={images[index]?.width ?? 0} />
          ))}
        </div>
        <div className="row-apart">
          <h2>{dataset.name}</h2>
          <span className="pill">{KINDS[dataset.kind as Kind].label}</span>
        </div>
        <p className="small soft num">
          {plural(dataset.image_count, 'image')} · {bytes(dataset.size_bytes)} · <Ago time={dataset.created_at} />
        </p>
        <p className="small soft num">
          {detail ? `${captioned} of ${dataset.image_count} captioned · ` : ''}
          {uses === 0 ? 'not used yet' : `used by ${plural(uses, 'job')}`}
        </p>
      </Link>
    </article>
  );
}
