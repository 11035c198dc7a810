// Starting image: an earlier generated one, or a file, which is scaled down to fit in the request.
import type { ReactElement } from 'react';
import { notifyError } from '../../data/toasts.ts';

export interface ChosenImage {
  /** Value for the request: an id, or the image as a data URL. */
  source: string;
  /** URL of the image for the page. */
  shown: string;
  name: string;
}

/** Largest side in pixels of an image that is sent in a request. */
const LARGEST_SIDE = 1024;
const MOST_CHARACTERS = 900_000;

export async function imageFromFile(file: File): Promise<ChosenImage> {
  const bitmap = await createImageBitmap(file);
  let scale = Math.min(1, LARGEST_SIDE / Math.max(bitmap.width, bitmap.height));
  for (;;) {
    const canvas = document.createElement('canvas');
    canvas.width = Math.max(16, Math.round(bitmap.width * scale));
    canvas.height = Math.max(16, Math.round(bitmap.height * scale));
    canvas.getContext('2d')!.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    const source = canvas.toDataURL('image/webp', 0.95);
    if (source.length <= MOST_CHARACTERS) return { source, shown: source, name: file.name };
    scale *= 0.8;
  }
}

/** An image of the project, by its id. */
export const storedImage = (id: string, name = 'image of this project'): ChosenImage => ({ source: id, shown: `/v1/images/${id}`, name });

type Props = { image: ChosenImage | null; strength: number; onImage(image: ChosenImage | null): void; onStrength(strength: number): void };

export function StartingImage({ image, strength, onImage, onStrength }: Props): ReactElement {
  const choose = (file: File | undefined) => {
    if (file) imageFromFile(file).then(onImage, (error: unknown) => notifyError(`${file.name} could not be read`, error));
  };
  return (
    <fieldset
      className="stack"
      onDrop={(event) => {
        // everywhere else, a dropped image is read for its parameters
        event.stopPropagation();
        event.preventDefault();
        choose(event.dataTransfer.files[0]);
      }}
    >
      <legend className="label">Start from an image</legend>
      {image === null ? (
        <input
          type="file"
          className="input"
          accept="image/png,image/jpeg,image/webp"
          aria-label="Image to start from"
          onChange={(event) => choose(event.target.files?.[0])}
        />
      ) : (
        <>
          <div className="row nowrap">
            <img className="starting-image" src={image.shown} alt={`Starting image: ${image.name}`} />
            <span className="clip small">{image.name}</span>
            <button type="button" className="button quiet small" onClick={() => onImage(null)}>
              Remove
            </button>
          </div>
          <Strength value={strength} onValue={onStrength} />
        </>
      )}
    </fieldset>
  );
}

function Strength({ value, onValue }: { value: number; onValue(value: number): void }): ReactElement {
  return (
    <label className="field">
      <span>
        Strength <span className="num">{value.toFixed(2)}</span>
      </span>
      <input type="range" min={0.05} max={1} step={0.05} value={value} onChange={(event) => onValue(Number(event.target.value))} />
      <span className="help">Low values keep the image; high values keep only its layout.</span>
    </label>
  );
}
