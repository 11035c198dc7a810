// Images of the project, newest first: by kind, model, job, star, prompt and age; marked ones are starred, downloaded or deleted.
import type { ReactElement } from 'react';
import { useEffect, useMemo } from 'react';
import { Link } from 'wouter';
import { useAddress, useOpened } from '../../data/address.ts';
import { type GalleryFilter, type GalleryImage, useGallery } from '../../data/gallery.ts';
import { useModels } from '../../data/models.ts';
import { useHidden } from '../../data/undo.ts';
import { FilterChoice, type Option, SearchField } from '../../ui/fields.tsx';
import { Empty, Failure, Loading, NoMatch, PageHead } from '../../ui/parts.tsx';
import { useSelection } from '../../ui/selection.ts';
import { VirtualGrid } from '../../ui/virtual-grid.tsx';
import { GalleryLightbox } from './gallery-lightbox.tsx';
import { GallerySelectionBar } from './selection-bar.tsx';
import { GalleryTile } from './gallery-tile.tsx';

const LABEL = 46;
const DAY_MS = 86_400_000;

function filterOf(params: URLSearchParams): GalleryFilter {
  const model = params.get('model') ?? '';
  const isStarred = params.get('starred') === 'true';
  const kind = params.get('kind') ?? '';
  return {
    kinds: kind === 'validation' ? [kind] : isStarred && kind === '' ? ['generation', 'validation'] : ['generation'],
    ...(model.startsWith('job_') ? { training_job: model } : model !== '' && { model }),
    ...(isStarred && { starred: 'true' }),
  } as GalleryFilter;
}

export function Gallery(): ReactElement {
  const [params, set] = useAddress();
  const [opened, onOpen] = useOpened('image');
  const filter = filterOf(params);
  const pages = useGallery(filter);
  const hidden = useHidden();
  const search = (params.get('q') ?? '').toLowerCase();
  const days = Number(params.get('age') ?? 0);
  const images = useMemo(
    () =>
      (pages.data?.pages.flatMap(({ data }) => data) ?? []).filter(
        ({ id, prompt, created_at: at }) =>
          !hidden.has(id) && prompt.toLowerCase().includes(search) && (days === 0 || Date.now() - Date.parse(at) < days * DAY_MS),
      ),
    [pages.data, hidden, search, days],
  );
  const isSearching = useSearch(pages, images, days > 0 && filter.kinds.length === 1 ? Date.now() - days * DAY_MS : 0);
  const selection = useSelection(images);
  const open = images.findIndex(({ id }) => id === opened);
  return (
    <>
      <PageHead title="Gallery" />
      <Filters params={params} set={set} />
      {pages.error && <Failure error={pages.error} what="Images" />}
      {(pages.isPending || (images.length === 0 && isSearching)) && <Loading height={320} />}
      {pages.data && images.length === 0 && !isSearching && <NoImages isFiltered={[...params.keys()].length > 0} />}
      <GallerySelectionBar images={images} selection={selection} />
      <VirtualGrid
        items={images}
        label="Images"
        tile={150}
        foot={LABEL}
        onEnd={() => pages.hasNextPage && !pages.isFetchingNextPage && void pages.fetchNextPage()}
      >
        {(image) => (
          <GalleryTile
            key={image.id}
            image={image}
            isChosen={selection.ids.has(image.id)}
            onChoose={(isRange) => selection.toggle(image.id, isRange)}
            onOpen={() => onOpen(image.id)}
          />
        )}
      </VirtualGrid>
      {open >= 0 && <GalleryLightbox images={images} index={open} onImage={onOpen} />}
    </>
  );
}

/** Reads on after a page of which nothing is shown, unless all that follow are older than `since`. Returns whether it does. */
function useSearch(pages: ReturnType<typeof useGallery>, images: GalleryImage[], since: number): boolean {
  const { data, hasNextPage, isFetchingNextPage, fetchNextPage } = pages;
  const last = data?.pages.at(-1)?.data ?? [];
  const isShown = last.some(({ id }) => id === images.at(-1)?.id);
  const isTooOld = last.length > 0 && last.every(({ created_at: at }) => Date.parse(at) < since);
  const isNeeded = hasNextPage && !isShown && !isTooOld;
  useEffect(() => {
    if (isNeeded && !isFetchingNextPage) void fetchNextPage();
  }, [isNeeded, isFetchingNextPage, data]);
  return isNeeded;
}

function NoImages({ isFiltered }: { isFiltered: boolean }): ReactElement {
  if (isFiltered) return <NoMatch title="No image matches" all="/gallery" label="Show all images" />;
  return (
    <Empty title="No images yet" icon="gallery">
      <p>The images that you generate, and the samples of your trainings, are collected here. Generate the first ones in the playground.</p>
      <Link className="button primary" href="/play">
        Generate images
      </Link>
    </Empty>
  );
}

const SAMPLES: Option = ['validation', 'Samples of jobs'];
const AGES: Option[] = [
  ['', 'Any time'],
  ['1', 'Last day'],
  ['7', 'Last week'],
  ['30', 'Last month'],
];

function Filters({ params, set }: { params: URLSearchParams; set(name: string, value: string | null): void }): ReactElement {
  const models = useModels().filter(({ kind }) => kind !== 'named');
  const isStarred = params.get('starred') === 'true';
  return (
    <div className="row filters">
      <SearchField label="Search prompts" placeholder="Search prompts" value={params.get('q') ?? ''} onValue={(value) => set('q', value)} />
      <FilterChoice
        label="Model or job"
        value={params.get('model') ?? ''}
        onValue={(value) => set('model', value)}
        options={[['', 'All models and jobs'], ...models.map(({ id, label }): Option => [id, label])]}
      />
      <FilterChoice label="Any time" value={params.get('age') ?? ''} onValue={(value) => set('age', value)} options={AGES} />
      <FilterChoice
        label="Kind"
        value={params.get('kind') ?? ''}
        onValue={(value) => set('kind', value)}
        options={isStarred ? [['', 'All kinds'], ['generation', 'Generated images'], SAMPLES] : [['', 'Generated images'], SAMPLES]}
      />
      <label className="check small">
        <input type="checkbox" checked={isStarred} onChange={(event) => set('starred', event.target.checked ? 'true' : null)} />
        Starred
      </label>
    </div>
  );
}
