// Sample images as a grid: a row for each prompt and seed, a column for each step, marked where the curve's crosshair is.
import type { Checkpoint, ValidationImage } from '@styleforge/sdk';
import type { CSSProperties, ReactElement } from 'react';
import { type RefObject, useEffect, useMemo, useRef, useState } from 'react';
import { Link } from 'wouter';
import { useOpened } from '../../data/address.ts';
import { useImageActions } from '../../data/image-actions.ts';
import { Icon } from '../../ui/icons.tsx';
import { type Star, StarButton } from '../../ui/image-buttons.tsx';
import { isStarKey, Lightbox, type LightboxItem } from '../../ui/lightbox.tsx';
import { Picture } from '../../ui/picture.tsx';

interface Grid {
  steps: number[];
  rows: { index: number; prompt: string; seed: number; images: Map<number, ValidationImage> }[];
}

export function arrange(images: ValidationImage[]): Grid {
  const rows = new Map<number, Grid['rows'][number]>();
  for (const image of images) {
    const row = rows.get(image.index) ?? {
      index: image.index,
      prompt: image.prompt,
      seed: image.seed,
      images: new Map<number, ValidationImage>(),
    };
    row.images.set(image.step, image);
    rows.set(image.index, row);
  }
  const steps = [...new Set(images.map(({ step }) => step))].sort((a, b) => a - b);
  return { steps, rows: [...rows.values()].sort((a, b) => a.index - b.index) };
}

/** The last step with samples at or before the crosshair. */
export const sampledStep = (steps: number[], step: number | null): number | null =>
  step === null ? null : (steps.findLast((one) => one <= step) ?? null);

/** Keeps the newest column in view until the user scrolls back. */
function useNewestInView(columns: number): RefObject<HTMLDivElement | null> {
  const frame = useRef<HTMLDivElement>(null);
  const last = useRef(0);
  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    const isAtEnd = last.current === 0 || element.scrollLeft >= last.current - 4;
    last.current = element.scrollWidth - element.clientWidth;
    if (isAtEnd) element.scrollLeft = last.current;
  }, [columns]);
  return frame;
}

type Props = {
  jobId: string;
  images: ValidationImage[];
  checkpoints: Checkpoint[];
  step: number | null;
  onStep(step: number | null): void;
};

export function Samples({ jobId, images, checkpoints, step, onStep }: Props): ReactElement {
  const grid = useMemo(() => arrange(images), [images]);
  const [cell, setCell] = useState(112);
  const [opened, onOpen] = useOpened('sample');
  const open = images.find((image) => keyOf(image) === opened);
  const show = (image: ValidationImage | null) => onOpen(image && keyOf(image));
  const { starOf } = useImageActions();
  const star = (image: ValidationImage) => starOf({ ...image, training_job_id: jobId });
  const frame = useNewestInView(grid.steps.length);
  const marked = sampledStep(grid.steps, step);
  return (
    <section className="stack" aria-label="Sample images">
      <div className="row-apart">
        <h2>Samples</h2>
        <label className="check small">
          Size
          <input type="range" min={64} max={256} value={cell} onChange={(event) => setCell(Number(event.target.value))} />
        </label>
      </div>
      <div
        ref={frame}
        className="samples"
        style={{ '--cell': `${cell}px` } as CSSProperties}
        tabIndex={0}
        role="region"
        aria-label="Sample images by prompt and step"
      >
        <SampleTable grid={grid} marked={marked} onStep={onStep} onOpen={show} starOf={star} />
      </div>
      {open && (
        <SampleLightbox
          grid={grid}
          image={open}
          checkpoint={checkpoints.find((one) => one.step === open.step)}
          star={star(open)}
          onImage={show}
        />
      )}
    </section>
  );
}

type TableProps = Omit<CellProps, 'image'> & { grid: Grid; marked: number | null; onStep(step: number | null): void };

function SampleTable({ grid, marked, onStep, ...cell }: TableProps): ReactElement {
  return (
    <table onMouseLeave={() => onStep(null)}>
      <StepsHead steps={grid.steps} marked={marked} />
      <tbody>
        {grid.rows.map((row) => (
          <tr key={row.index}>
            <th scope="row">
              <span title={row.prompt}>{row.prompt}</span>
            </th>
            {grid.steps.map((at) => (
              <td key={at} data-marked={at === marked} onMouseEnter={() => onStep(at)}>
                <Cell image={row.images.get(at)} {...cell} />
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const keyOf = ({ step, index }: ValidationImage): string => `${step}.${index}`;

interface OpenSample {
  grid: Grid;
  image: ValidationImage;
  /** The checkpoint of its step, if one was saved. */
  checkpoint: Checkpoint | undefined;
  star: Star;
  onImage(image: ValidationImage | null): void;
}

/** Left and right through the steps of a prompt, up and down through the prompts of a step. */
function SampleLightbox({ grid, image, checkpoint, star, onImage }: OpenSample): ReactElement {
  const images = grid.rows.flatMap((row) => grid.steps.flatMap((step) => row.images.get(step) ?? []));
  const toRow = (by: number) => {
    const at = grid.rows.findIndex(({ index }) => index === image.index);
    const next = grid.rows[(at + by + grid.rows.length) % grid.rows.length]?.images.get(image.step);
    if (next) onImage(next);
  };
  return (
    <Lightbox
      items={images.map((one) => itemOf(one, grid))}
      index={images.indexOf(image)}
      onIndex={(index) => onImage(images[index]!)}
      onRow={toRow}
      onClose={() => onImage(null)}
      star={star}
      actions={
        <>
          <PlaySteps
            steps={grid.steps}
            onStep={(step) => {
              const next = grid.rows.find(({ index }) => index === image.index)?.images.get(step);
              if (next) onImage(next);
            }}
          />
          {checkpoint && (
            <Link className="button" href={`/play?model=${checkpoint.id}`}>
              Use this checkpoint
            </Link>
          )}
        </>
      }
    />
  );
}

function StepsHead({ steps, marked }: { steps: number[]; marked: number | null }): ReactElement {
  return (
    <thead>
      <tr>
        <td />
        {steps.map((at) => (
          <th key={at} scope="col" data-marked={at === marked}>
            {at === 0 ? 'Before' : at}
          </th>
        ))}
      </tr>
    </thead>
  );
}

interface CellProps {
  image: ValidationImage | undefined;
  onOpen(image: ValidationImage): void;
  starOf(image: ValidationImage): Star;
}

/** The star is not a stop of its own for the tab key: S sets it from the image. */
function Cell({ image, onOpen, starOf }: CellProps): ReactElement {
  if (!image) return <span className="picture" aria-label="Not generated yet" role="img" />;
  const star = starOf(image);
  const name = `${image.prompt}, step ${image.step}`;
  return (
    <div className="starrable">
      <button
        type="button"
        className="tile-button"
        aria-keyshortcuts="S"
        onClick={() => onOpen(image)}
        onKeyDown={(event) => isStarKey(event) && star.toggle()}
      >
        <Picture path={image.url} alt={name} width={image.width} />
      </button>
      <StarButton {...star} kind="small" of={`: ${name}`} tabIndex={-1} />
    </div>
  );
}

/** Compared with the first image of the same prompt and seed. */
function itemOf(image: ValidationImage, { steps, rows }: Grid): LightboxItem {
  const first = rows.find(({ index }) => index === image.index)?.images.get(steps[0]!);
  const before =
    first && first.step !== image.step
      ? { path: first.url, label: first.step === 0 ? 'Before' : `Step ${first.step}`, afterLabel: `Step ${image.step}` }
      : undefined;
  return { path: image.url, title: image.prompt, detail: `Step ${image.step}, seed ${image.seed}`, before };
}

/** Shows the steps one after the other, until it leaves the screen. */
export function PlaySteps({ steps, onStep }: { steps: number[]; onStep(step: number): void }): ReactElement | null {
  const [isPlaying, setPlaying] = useState(false);
  const isHere = useRef(true);
  useEffect(() => {
    isHere.current = true;
    return () => void (isHere.current = false);
  }, []);
  if (steps.length < 2) return null;
  const play = async () => {
    setPlaying(true);
    for (const step of steps) {
      if (!isHere.current) return;
      onStep(step);
      await new Promise((done) => setTimeout(done, 450));
    }
    setPlaying(false);
  };
  return (
    <button type="button" className="button" disabled={isPlaying} onClick={() => void play()}>
      <Icon name="play" size={15} />
      Play steps
    </button>
  );
}
