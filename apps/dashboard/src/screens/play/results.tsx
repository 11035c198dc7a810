// The images of one comparison: a column for each model, a row for each prompt and seed.
import type { GeneratedImage, Generation } from '@styleforge/sdk';
import type { CSSProperties, ReactElement } from 'react';
import { useState } from 'react';
import { type Model, modelOf } from '../../data/models.ts';
import { Lightbox } from '../../ui/lightbox.tsx';
import { Empty, Pill } from '../../ui/parts.tsx';
import { Picture } from '../../ui/picture.tsx';
import { GridResult } from './grid-result.tsx';

type Props = { generations: Generation[]; models: Model[]; count: number; onBeginFrom(image: GeneratedImage): void };

export function Results({ generations, models, count, onBeginFrom }: Props): ReactElement {
  const [open, setOpen] = useState<{ column: number; row: number } | null>(null);
  if (count === 0) {
    return (
      <Empty title="Nothing generated yet" icon="play">
        <p>Choose a model, describe the images, and generate.</p>
      </Empty>
    );
  }
  const rows = Math.max(0, ...generations.map(({ config }) => config.prompts.length * config.num_images));
  const nameOf = ({ config }: Generation) => modelOf(models, config.model).label;
  const imageAt = (generation: Generation | undefined, row: number): GeneratedImage | undefined =>
    generation?.images.find(({ index }) => index === row);
  const shown = open && imageAt(generations[open.column], open.row);
  const first = open && open.column > 0 ? imageAt(generations[0], open.row) : undefined;
  return (
    <section className="stack" aria-label="Results">
      <div
        className="results"
        data-columns={generations.length}
        data-grid={generations.some(({ config }) => config.grid !== null)}
        style={{ '--columns': Math.max(1, generations.length) } as CSSProperties}
      >
        {generations.map((generation, column) => (
          <div key={generation.id} className="stack">
            <div className="row-apart">
              <strong>{nameOf(generation)}</strong>
              {generation.status !== 'succeeded' && <Pill status={generation.status} />}
            </div>
            {generation.error && <p className="note bad">{generation.error.message}</p>}
            {generation.config.grid && <GridResult generation={generation} onOpen={(image) => setOpen({ column, row: image.index })} />}
            <div className={generations.length === 1 ? 'results-images' : 'stack'}>
              {Array.from({ length: generation.config.grid ? 0 : rows }, (_, row) => {
                const image = imageAt(generation, row);
                return (
                  <button key={row} type="button" className="tile-button" disabled={!image} onClick={() => setOpen({ column, row })}>
                    <Picture
                      path={image?.url}
                      alt={image ? `${image.prompt}, by ${nameOf(generation)}` : 'Not generated yet'}
                      width={image?.width ?? 0}
                    />
                    <span className="tile-label small soft">{image ? `${image.prompt} · ${image.seed}` : 'Waiting'}</span>
                  </button>
                );
              })}
            </div>
          </div>
        ))}
      </div>
      {open && shown && (
        <Lightbox
          items={generations.flatMap((generation) =>
            generation.images.map((image) => ({
              path: image.url,
              title: image.prompt,
              detail: `${nameOf(generation)}, seed ${image.seed}`,
              before:
                image.id === shown.id && first
                  ? { path: first.url, label: nameOf(generations[0]!), afterLabel: nameOf(generation) }
                  : undefined,
            })),
          )}
          index={generations.flatMap(({ images }) => images).findIndex(({ id }) => id === shown.id)}
          onIndex={(index) => {
            const image = generations.flatMap(({ images }) => images)[index]!;
            setOpen({ column: generations.findIndex(({ images }) => images.includes(image)), row: image.index });
          }}
          onClose={() => setOpen(null)}
          actions={
            <button type="button" className="button" onClick={() => onBeginFrom(shown)}>
              Start from this image
            </button>
          }
        />
      )}
    </section>
  );
}
