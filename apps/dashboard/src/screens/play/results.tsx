// The images of one comparison: a column for each model, a row for each prompt and seed.
import type { GeneratedImage, Generation } from '@styleforge/sdk';
import type { CSSProperties, ReactElement } from 'react';
import { type RefObject, useEffect, useRef } from 'react';
import { useOpened } from '../../data/address.ts';
import { isPending, useCancel } from '../../data/generations.ts';
import { plural } from '../../data/format.ts';
import { useImageActions } from '../../data/image-actions.ts';
import { labelOf, type Model } from '../../data/models.ts';
import { warningText } from '../../data/problems.ts';
import { notify } from '../../data/toasts.ts';
import { useHidden } from '../../data/undo.ts';
import { ImageButtons } from '../../ui/image-buttons.tsx';
import { Lightbox } from '../../ui/lightbox.tsx';
import { Icon } from '../../ui/icons.tsx';
import { Empty, Failure, Pill } from '../../ui/parts.tsx';
import { Picture } from '../../ui/picture.tsx';
import { placeOf } from './grid-fields.tsx';
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

type Props = { generations: Generation[]; failures: Error[]; models: Model[]; count: number; onBeginFrom(image: GeneratedImage): void };

const imageAt = (generation: Generation | undefined, row: number): GeneratedImage | undefined =>
  generation?.images.find(({ index }) => index === row);

export function Results({ generations: stored, failures, models, count, onBeginFrom }: Props): ReactElement {
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
      {failures.map((error) => (
        <Failure key={error.message} error={error} what="A generation" />
      ))}
      {all.length > 1 && <DownloadAll images={all} />}
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
              detail: [nameOf(generation), placeOf(generation.config, image.cell), `seed ${image.seed}`].filter(Boolean).join(', '),
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
          actions={<ResultButtons image={shown} onBeginFrom={onBeginFrom} onClose={() => onOpen(null)} />}
        />
      )}
    </section>
  );
}

type ButtonsProps = { image: GeneratedImage; onBeginFrom(image: GeneratedImage): void; onClose(): void };

function ResultButtons({ image, onBeginFrom, onClose }: ButtonsProps): ReactElement {
  const begin = () => {
    onBeginFrom(image);
    onClose();
    notify({ title: 'The next images start from this one' });
  };
  return (
    <>
      <button type="button" className="button" onClick={begin}>
        Start from this image
      </button>
      <ImageButtons image={image} onDelete={onClose} />
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

function DownloadAll({ images }: { images: GeneratedImage[] }): ReactElement {
  const { download } = useImageActions();
  return (
    <div className="row">
      <button type="button" className="button small" disabled={download.isPending} onClick={() => download.mutate(images)}>
        <Icon name="download" size={15} />
        {download.isPending ? 'Preparing' : `Download ${plural(images.length, 'image')}`}
      </button>
    </div>
  );
}

function CancelButton({ id, name }: { id: string; name: string }): ReactElement {
  const cancel = useCancel();
  return (
    <button
      type="button"
      className="button small"
      aria-label={`Cancel ${name}`}
      disabled={cancel.isPending}
      onClick={() => cancel.mutate(id)}
    >
      Cancel
    </button>
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
        {status !== 'succeeded' && (
          <div className="row">
            <Pill status={status} />
            {isPending(generation) && <CancelButton id={generation.id} name={name} />}
          </div>
        )}
      </div>
      {error && <p className="note bad">{error.message}</p>}
      {warnings.map((warning) => (
        <p key={warning} className="note warn">
          {warningText(warning)}
        </p>
      ))}
      {config.grid && <GridResult generation={generation} onOpen={(image) => onOpen(image.index)} />}
      <div className={isOnly ? 'results-images' : 'stack'}>
        {Array.from({ length: config.grid ? 0 : rows }, (_, row) => {
          const image = imageAt(generation, row);
          const [absent, mark] =
            status === 'succeeded'
              ? ['Deleted', 'Deleted']
              : isPending(generation)
                ? ['Not generated yet', 'Waiting']
                : ['Not generated', 'Not generated'];
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
