// Shows the square from the center of an image at a job's resolution, as the trainer gets it, next to the whole image with that square.
import type { DatasetImage } from '@styleforge/sdk';
import type { ReactElement } from 'react';
import { type RefObject, useEffect, useRef, useState } from 'react';
import { useBaseModels } from '../../data/queries.ts';

/** The resolutions of the installed base models, the smallest first. */
export function useResolutions(): number[] {
  const models = useBaseModels().data ?? [];
  return [...new Set(models.map(({ resolution }) => resolution))].sort((a, b) => a - b);
}

type Size = Pick<DatasetImage, 'width' | 'height'>;

/** The square in the middle that covers the whole shorter side. */
export function centerSquare({ width, height }: Size): { x: number; y: number; side: number } {
  const side = Math.min(width, height);
  return { x: Math.floor((width - side) / 2), y: Math.floor((height - side) / 2), side };
}

/** Shares of the longer side that a crop removes, in percent. */
export const lostShare = ({ width, height }: Size): number => Math.round(100 * (1 - Math.min(width, height) / Math.max(width, height)));

/** A canvas with the square of the image. */
function useCrop(image: DatasetImage, resolution: number): RefObject<HTMLCanvasElement | null> {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { x, y, side } = centerSquare(image);
  useEffect(() => {
    const picture = new Image();
    picture.src = image.url;
    picture.onload = () => {
      const context = canvas.current?.getContext('2d');
      if (!context) return;
      context.imageSmoothingQuality = 'high';
      context.drawImage(picture, x, y, side, side, 0, 0, resolution, resolution);
    };
    return () => void (picture.onload = null);
  }, [image.url, resolution, x, y, side]);
  return canvas;
}

export function CropPreview({ image }: { image: DatasetImage }): ReactElement {
  const resolutions = useResolutions();
  const [chosen, setChosen] = useState(0);
  const resolution = chosen || (resolutions[0] ?? 512);
  const canvas = useCrop(image, resolution);
  return (
    <div className="crop-preview">
      <WholeImage image={image} />
      <div className="stack">
        <canvas
          ref={canvas}
          width={resolution}
          height={resolution}
          className={resolution <= 128 ? 'pixels' : ''}
          role="img"
          aria-label={`Center of ${image.file_name} at ${resolution} × ${resolution} pixels`}
        />
        <label className="field small">
          <span>Resolution of the job</span>
          <select className="select" value={resolution} onChange={(event) => setChosen(Number(event.target.value))}>
            {[...new Set([...resolutions, resolution])].map((one) => (
              <option key={one} value={one}>
                {one} × {one}
              </option>
            ))}
          </select>
        </label>
        <p className="small soft">
          {lostShare(image) === 0
            ? 'The image is square, so nothing is cropped.'
            : `The crop removes ${lostShare(image)} % of the longer side. With the crop “random”, the square moves along it.`}
        </p>
      </div>
    </div>
  );
}

/** The whole image, with a frame around the part that the trainer gets. */
function WholeImage({ image }: { image: DatasetImage }): ReactElement {
  const { x, y, side } = centerSquare(image);
  const percent = (part: number, of: number) => `${(100 * part) / of}%`;
  const { width, height } = image;
  return (
    <figure className="crop-whole" style={{ aspectRatio: `${width} / ${height}` }}>
      <img src={image.url} alt={`Whole image: ${image.file_name}`} />
      <i style={{ left: percent(x, width), top: percent(y, height), width: percent(side, width), height: percent(side, height) }} />
    </figure>
  );
}
