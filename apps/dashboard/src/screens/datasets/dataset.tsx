// One dataset: adds images, edits them in a grid, and shows whether there are enough.
import type { DatasetDetail } from '@styleforge/sdk';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { Link, useLocation, useParams } from 'wouter';
import { duplicateDataset } from '../../data/dataset-copies.ts';
import { useEditedDataset } from '../../data/dataset-edit.ts';
import { useDataset } from '../../data/queries.ts';
import { useClient } from '../../data/session.ts';
import { notify, notifyError } from '../../data/toasts.ts';
import { useDelete } from '../../data/undo.ts';
import type { CodeChoice } from '../../data/calls.ts';
import { CopyAsCode } from '../../ui/copy-as-code.tsx';
import { Icon } from '../../ui/icons.tsx';
import { Loading, NoScreen, PageHead } from '../../ui/parts.tsx';
import { RenameButton } from '../../ui/rename-button.tsx';
import { DatasetEditor } from './editor.tsx';
import { DownloadZip } from './download-zip.tsx';
import { AddImages } from './add-images.tsx';
import { KINDS } from './new-dataset.tsx';

export function DatasetScreen(): ReactElement {
  const { id = '' } = useParams();
  const { data: dataset, error } = useDataset(id);
  if (error && !dataset) return <NoScreen error={error} what="The dataset" list={<Link href="/datasets">Datasets</Link>} />;
  if (!dataset) return <Loading height={320} />;
  return <LoadedDataset stored={dataset} />;
}

function LoadedDataset({ stored }: { stored: DatasetDetail }): ReactElement {
  const dataset = useEditedDataset(stored);
  return (
    <>
      <Head dataset={dataset} />
      <div className="stack">
        <Meter dataset={dataset} />
        <AddImages dataset={dataset} />
        {dataset.images.length > 0 && <DatasetEditor key={dataset.id} dataset={dataset} />}
      </div>
    </>
  );
}

function Head({ dataset }: { dataset: DatasetDetail }): ReactElement {
  const client = useClient();
  const queries = useQueryClient();
  const [, navigate] = useLocation();
  const remove = useDelete();
  const { id, name, kind } = dataset;
  const destroy = () => {
    remove({ ids: [id], label: `Dataset ${name}`, invalidates: 'datasets', run: () => client.datasets.delete(id) });
    navigate('/datasets');
  };
  const rename = useMutation({
    mutationFn: (next: string) => client.datasets.rename(id, next),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['datasets'] }),
    onError: (error) => notifyError('The dataset could not be renamed', error),
  });
  const duplicate = useMutation({
    mutationFn: () => duplicateDataset(client, dataset),
    onSuccess: async (copy) => {
      await queries.invalidateQueries({ queryKey: ['datasets'] });
      notify({ title: `${copy.name} is ready` });
      navigate(`/datasets/${copy.id}`);
    },
    onError: (error) => notifyError('The dataset could not be duplicated', error),
  });
  return (
    <PageHead title={name} crumb={<Link href="/datasets">Datasets</Link>}>
      <Link className="button primary" href={`/train?${kind === 'aux' ? 'aux' : 'style'}=${id}`}>
        Train with it
      </Link>
      <RenameButton name={name} onRename={(next) => rename.mutate(next)} />
      <button type="button" className="button" disabled={duplicate.isPending} onClick={() => duplicate.mutate()}>
        {duplicate.isPending ? 'Copying' : 'Duplicate'}
      </button>
      <DownloadZip dataset={dataset} />
      <CopyAsCode choices={codeOf(dataset)} />
      <button type="button" className="button danger icon" aria-label="Delete dataset" onClick={destroy}>
        <Icon name="trash" />
      </button>
    </PageHead>
  );
}

function codeOf({ id, name, images }: DatasetDetail): CodeChoice[] {
  const path = `/v1/datasets/${id}`;
  const captions = images.slice(0, 3).map((image) => ({ image_id: image.id, caption: image.caption }));
  const byId = Object.fromEntries(captions.map(({ image_id: image, caption }) => [image, caption]));
  return [
    { label: 'List its images', calls: [{ method: 'GET', path: `${path}/images`, sdk: 'datasets.images', args: [id] }] },
    { label: 'Rename it', calls: [{ method: 'PATCH', path, body: { name }, sdk: 'datasets.rename', args: [id, name], params: null }] },
    ...(captions.length > 0
      ? [
          {
            label: 'Write captions',
            calls: [{ method: 'PUT', path: `${path}/captions`, body: { captions }, sdk: 'datasets.setCaptions', args: [id], params: byId }],
          } satisfies CodeChoice,
        ]
      : []),
  ];
}

function Meter({ dataset: { kind, image_count: count, components, images } }: { dataset: DatasetDetail }): ReactElement {
  const {
    about,
    count: [low, high],
  } = KINDS[kind];
  const state = count < low ? 'warn' : 'good';
  const captions = images.filter(({ caption }) => caption !== null).length;
  const excluded = images.filter((image) => image.excluded).length;
  return (
    <div className="row-apart">
      <p className="soft small measure">{about}</p>
      <div className="row">
        <span className={`pill ${state}`}>
          {count} of {low}–{high} recommended
        </span>
        {count > 0 && (
          <span className="pill">
            {captions} of {count} captioned
          </span>
        )}
        {excluded > 0 && <span className="pill warn">{excluded} excluded</span>}
        {components
          .filter(({ name }) => name !== null)
          .map(({ name, image_count: of }) => (
            <span key={name} className="pill">
              {name} {of}
            </span>
          ))}
      </div>
    </div>
  );
}
