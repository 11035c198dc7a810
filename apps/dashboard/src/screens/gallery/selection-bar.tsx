// Actions on the marked images of the gallery.
import type { ReactElement } from 'react';
import type { GalleryImage } from '../../data/gallery.ts';
import { plural } from '../../data/format.ts';
import { useImageActions } from '../../data/image-actions.ts';
import type { Selection } from '../../ui/selection.ts';

export function GallerySelectionBar({ images, selection }: { images: GalleryImage[]; selection: Selection }): ReactElement | null {
  const { star, download, remove } = useImageActions();
  const chosen = images.filter(({ id }) => selection.ids.has(id));
  if (images.length === 0) return null;
  const areStarred = chosen.length > 0 && chosen.every(({ starred }) => starred);
  return (
    <div className="row selection-bar" role="toolbar" aria-label="Chosen images">
      <button
        type="button"
        className="button small"
        onClick={() => selection.set(chosen.length === images.length ? [] : images.map(({ id }) => id))}
      >
        {chosen.length === images.length ? 'Clear selection' : 'Select all'}
      </button>
      <span className="small num">{chosen.length > 0 ? `${plural(chosen.length, 'image')} chosen` : plural(images.length, 'image')}</span>
      {chosen.length > 0 && (
        <>
          <button type="button" className="button small" disabled={download.isPending} onClick={() => download.mutate(chosen)}>
            {download.isPending ? 'Packing' : 'Download as zip'}
          </button>
          <button type="button" className="button small" onClick={() => star({ images: chosen, starred: !areStarred })}>
            {areStarred ? 'Remove the stars' : 'Star'}
          </button>
          {chosen.every(({ kind }) => kind === 'generation') && (
            <button
              type="button"
              className="button small danger"
              onClick={() => {
                remove(chosen);
                selection.set([]);
              }}
            >
              Delete
            </button>
          )}
        </>
      )}
    </div>
  );
}
