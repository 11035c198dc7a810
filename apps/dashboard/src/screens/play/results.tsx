// The images of one comparison: a column for each model, a row for each prompt and seed.
import type { GeneratedImage, Generation } from '@styleforge/sdk';
import type { CSSProperties, ReactElement } from 'react';
import { type RefObject, useEffect, useRef } from 'react';
import { useOpened } from '../../data/address.ts';
import { useImageActions } from '../../data/image-actions.ts';
import { labelOf, type Model } from '../../data/models.ts';
import { useHidden } from '../../data/undo.ts';
import { ImageButtons } from '../../ui/image-buttons.tsx';
import { Lightbox } from '../../ui/lightbox.tsx';
import { Empty, Pill } from '../../ui/parts.tsx';
import { Picture } from '../../ui/picture.tsx';
import { GridResult } from './grid-result.tsx';

/** The generations, less the images that are being deleted. */
function useShown(generations: Generation[]): Generation[] {
  const hidden = useHidden();
  return generations.map((one) => ({ ...one, images: one.images.filter(({ id }) => !hidden.has(id)) }));
}

/** On a phone the results are far below the form: new ones are scrolled to. */
function useSeen(generations: Generation[]): RefObject<HTMLElement | null> {
  const frame = useRef<HTMLElement>(null);
  useEffect(() => {
    if (frame.current && frame.current.getBoundingClientRect().top > innerHeight) frame.current.scrollIntoView();
  }, [generations.map(({ id }) => id).join()]);
  return frame;
}

type Props = { generations: Generation[]; models: Model[]; count: number; onBeginFrom(image: GeneratedImage): void };

const imageAt = (generation: Generation | undefined, row: number): GeneratedImage | undefined =>
  generation?.images.find(({ index }) => index === row);

export function Results({ generations: stored, models, count, onBeginFrom }: Props): ReactElement {
  const generations = useShown(stored);
  const frame = useSeen(stored);
  const { starOf } = useImageActions();
  const [opened, onOpen] = useOpened('image');
  if (count === 0) return <NothingYet />;
  const rows = Math.max(0, ...generations.map(({ config }) => config.prompts.length * config.num_images));
  const nameOf = ({ config }: Generation) => labelOf(models, config);
  const all = generations.flatMap(({ images }) => images);
  const shown = all.find(({ id }) => id === opened);
  const first = shown && !generations[0]?.images.includes(shown) ? imageAt(generations[0], shown.index) : undefined;
  return (
    <section ref={frame} className="stack" aria-label="Results">
      <div
        className="results"
        data-columns={generations.length}
        data-grid={generations.some(({ config }) => config.grid !== null)}
        style={{ '--columns': Math.max(1, generations.length) } as CSSProperties}
      >
        {generations.map((generation) => (
          <Column
            key={generation.id}
            generation={generation}
            name={nameOf(generation)}
            rows={rows}
            isOnly={generations.length === 1}
            onOpen={(row) => onOpen(imageAt(generation, row)?.id ?? null)}
          />
        ))}
      </div>
      {shown && (
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
          index={all.indexOf(shown)}
          onIndex={(index) => onOpen(all[index]!.id)}
          onClose={() => onOpen(null)}
          star={starOf(shown)}
          actions={<ResultButtons image={shown} onBeginFrom={onBeginFrom} onDelete={() => onOpen(null)} />}
        />
      )}
    </section>
  );
}

type ButtonsProps = { image: GeneratedImage; onBeginFrom(image: GeneratedImage): void; onDelete(): void };

function ResultButtons({ image, onBeginFrom, onDelete }: ButtonsProps): ReactElement {
  return (
    <>
      <button type="button" className="button" onClick={() => onBeginFrom(image)}>
        Start from this image
      </button>
      <ImageButtons image={image} onDelete={onDelete} />
    </>
  );
}

function NothingYet(): ReactElement {
  return (
    <Empty title="Nothing generated yet" icon="play">
      <p>Choose a model, describe the images, and generate.</p>
    </Empty>
  );
}

type ColumnProps = { generation: Generation; name: string; rows: number; isOnly: boolean; onOpen(row: number): void };

/** The images of one model. */
function Column({ generation, name, rows, isOnly, onOpen }: ColumnProps): ReactElement {
  const { status, error, warnings, config } = generation;
  return (
    <div className="stack">
      <div className="row-apart">
        <strong>{name}</strong>
        {status !== 'succeeded' && <Pill status={status} />}
      </div>
      {error && <p className="note bad">{error.message}</p>}
      {warnings.map((warning) => (
        <p key={warning} className="note warn">
          {warning}
        </p>
      ))}
      {config.grid && <GridResult generation={generation} onOpen={(image) => onOpen(image.index)} />}
      <div className={isOnly ? 'results-images' : 'stack'}>
        {Array.from({ length: config.grid ? 0 : rows }, (_, row) => {
          const image = imageAt(generation, row);
          const [absent, mark] = status === 'succeeded' ? ['Deleted', 'Deleted'] : ['Not generated yet', 'Waiting'];
          return (
            <button key={row} type="button" className="tile-button" disabled={!image} onClick={() => onOpen(row)}>
              <Picture path={image?.url} alt={image ? `${image.prompt}, by ${name}` : absent} width={image?.width ?? 0} />
              <span className="tile-label small soft">{image ? `${image.prompt} · ${image.seed}` : mark}</span>
            </button>
          );
        })}
      </div>
    </div>
  );
}
