// Editor of a dataset's images: captions, components by key, exclusion, checks, and deletes that can be undone.
import type { DatasetDetail, DatasetImage } from '@styleforge/sdk';
import type { CSSProperties, KeyboardEvent, ReactElement } from 'react';
import { useMemo, useState } from 'react';

import { useAddress, useOpened } from '../../data/address.ts';
import { type DatasetEdit, useDatasetEdit } from '../../data/dataset-edit.ts';
import { bytes, plural } from '../../data/format.ts';
import { useSession } from '../../data/session.ts';
import { useHidden } from '../../data/undo.ts';
import { Segmented } from '../../ui/parts.tsx';
import { CaptionTools } from './caption-tools.tsx';
import { DatasetGrid } from './dataset-grid.tsx';
import { CheckImages, useWarnings } from './image-warnings.tsx';
import { ImagePreview } from './image-preview.tsx';
import { type Selection, useSelection } from '../../ui/selection.ts';
import { SelectionBar } from './selection-bar.tsx';

const FILTERS = [
  { value: 'all', label: 'All' },
  { value: 'uncaptioned', label: 'No caption' },
  { value: 'excluded', label: 'Excluded' },
  { value: 'warned', label: 'Warnings' },
] as const;
type Filter = (typeof FILTERS)[number]['value'];

/** Components by the keys 1 to 9: those of the dataset, then the usual ones. */
export function componentsOf(dataset: Pick<DatasetDetail, 'images'>): string[] {
  const own = dataset.images.flatMap(({ component }) => (component ? [component] : []));
  return [...new Set([...own, 'person', 'background'])].slice(0, 9);
}

function useShown(images: DatasetImage[], view: View): DatasetImage[] {
  const hidden = useHidden();
  return useMemo(
    () => images.filter((image) => !hidden.has(image.id) && isShown(image, view)),
    [images, hidden, view.filter, view.search, view.warnings],
  );
}

export function DatasetEditor({ dataset }: { dataset: DatasetDetail }): ReactElement {
  const { me } = useSession();
  const edit = useDatasetEdit(dataset.id);
  const [params, set] = useAddress();
  const [opened, onOpen] = useOpened('image');
  const [tile, setTile] = useState(170);
  const { warnings, check } = useWarnings(dataset.images);
  const view: View = { filter: (params.get('show') ?? 'all') as Filter, search: params.get('q') ?? '', warnings };
  const shown = useShown(dataset.images, view);
  const selection = useSelection(shown);
  const components = componentsOf(dataset);
  const isReadOnly = !me.api_key.scopes.includes('write');
  return (
    <section className="stack" aria-label="Images" onKeyDown={(event) => onKey(event, { components, selection, edit, images: shown })}>
      <div className="row-apart">
        <ShownImages filter={view.filter} search={view.search} set={set} />
        <div className="row">
          <CheckImages check={check} />
          {!isReadOnly && <Tools shown={shown} selection={selection} edit={edit} set={set} />}
        </div>
      </div>
      {!isReadOnly && <SelectionBar selection={selection} shown={shown} components={components} edit={edit} />}
      <GridHead dataset={dataset} shown={shown.length} tile={tile} onTile={setTile} />
      {shown.length === 0 && <p className="note">No image matches the filter.</p>}
      <div style={{ '--tile': `${tile}px` } as CSSProperties}>
        <DatasetGrid
          images={shown}
          tile={tile}
          chosen={selection.ids}
          warnings={warnings}
          isReadOnly={isReadOnly}
          onChoose={selection.toggle}
          onOpen={onOpen}
          onCaption={(id, caption) => edit.captions({ [id]: caption })}
        />
      </div>
      <Preview images={shown} id={opened} onOpen={onOpen} />
    </section>
  );
}

type Address = ReturnType<typeof useAddress>[1];

type PreviewProps = { images: DatasetImage[]; id: string | null; onOpen(id: string | null): void };

/** The image that the address names, in full size. */
function Preview({ images, id, onOpen }: PreviewProps): ReactElement | null {
  const open = images.findIndex((image) => image.id === id);
  if (open < 0) return null;
  return <ImagePreview images={images} index={open} onIndex={(index) => onOpen(images[index]!.id)} onClose={() => onOpen(null)} />;
}

type ToolsProps = { shown: DatasetImage[]; selection: Selection; edit: DatasetEdit; set: Address };

/** Changes of many captions: of the chosen images, or of all that are shown. */
function Tools({ shown, selection, edit, set }: ToolsProps): ReactElement {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <button type="button" className="button small" disabled={shown.length === 0} onClick={() => setOpen(true)}>
        Find and replace
      </button>
      {isOpen && (
        <CaptionTools
          images={selection.ids.size > 0 ? shown.filter(({ id }) => selection.ids.has(id)) : shown}
          onChanges={edit.captions}
          onSearch={(words) => {
            set('q', words);
            setOpen(false);
          }}
          onClose={() => setOpen(false)}
        />
      )}
    </>
  );
}

function ShownImages({ filter, search, set }: { filter: Filter; search: string; set: Address }): ReactElement {
  return (
    <div className="row">
      <Segmented label="Shown images" value={filter} choices={FILTERS} onChange={(value) => set('show', value === 'all' ? null : value)} />
      <input
        className="input search"
        type="search"
        aria-label="Search captions and names"
        placeholder="Search captions"
        value={search}
        onChange={(event) => set('q', event.target.value)}
      />
    </div>
  );
}

type GridHeadProps = { dataset: DatasetDetail; shown: number; tile: number; onTile(pixels: number): void };

function GridHead({ dataset, shown, tile, onTile }: GridHeadProps): ReactElement {
  const count = plural(dataset.images.length, 'image');
  return (
    <div className="row-apart">
      <span className="small soft num">
        {shown === dataset.images.length ? `${count}, ${bytes(dataset.size_bytes)}` : `${shown} of ${count}`}. Enter in a caption stores it
        and goes to the next.
      </span>
      <label className="check small">
        Size
        <input type="range" min={110} max={340} value={tile} onChange={(event) => onTile(Number(event.target.value))} />
      </label>
    </div>
  );
}

type View = { filter: Filter; search: string; warnings: ReadonlyMap<string, string> };

function isShown({ id, caption, file_name: name, excluded }: DatasetImage, { filter, search, warnings }: View): boolean {
  if (search !== '' && !`${name} ${caption ?? ''}`.toLowerCase().includes(search.toLowerCase())) return false;
  if (filter === 'uncaptioned') return caption === null;
  if (filter === 'excluded') return excluded;
  return filter === 'warned' ? warnings.has(id) : true;
}

type Keys = { components: string[]; selection: Selection; edit: DatasetEdit; images: DatasetImage[] };

/** Keys for the chosen images, or the focused one: 1 to 9 set a component, 0 removes it, x excludes, Delete deletes. */
function onKey(event: KeyboardEvent, { components, selection, edit, images }: Keys): void {
  const target = event.target as HTMLElement;
  if (target.matches('textarea, select, input:not([type=checkbox])') || event.ctrlKey || event.metaKey || event.altKey) return;
  const focused = target.closest<HTMLElement>('[data-image]')?.dataset['image'];
  const ids = selection.ids.size > 0 ? [...selection.ids] : focused ? [focused] : [];
  if (ids.length === 0) return;
  const named = images.filter(({ id }) => ids.includes(id));
  if (event.key === '0') edit.component(ids, null);
  else if (/^[1-9]$/.test(event.key) && components[Number(event.key) - 1]) edit.component(ids, components[Number(event.key) - 1]!);
  else if (event.key === 'x') edit.exclude(ids, !named.every(({ excluded }) => excluded));
  else if (event.key === 'Delete') edit.remove(named);
}
