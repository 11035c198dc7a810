// An image of the gallery in full size: star, start from it, copy its seed, delete.
import type { ListedImage } from '@styleforge/sdk';
import type { ReactElement } from 'react';
import { Link } from 'wouter';
import { modelOf, useModels } from '../../data/models.ts';
import { ImageButtons } from '../../ui/image-buttons.tsx';
import { Lightbox } from '../../ui/lightbox.tsx';

type Props = { images: ListedImage[]; index: number; onImage(id: string | null): void };

const modelOfImage = ({ training_job_id: job, checkpoint_id: checkpoint, base_model: base }: ListedImage): string =>
  job ?? checkpoint ?? base ?? '';

export function GalleryLightbox({ images, index, onImage }: Props): ReactElement {
  const models = useModels();
  const image = images[index]!;
  return (
    <Lightbox
      items={images.map((one) => ({
        path: one.url,
        title: one.prompt,
        detail: `${modelOf(models, modelOfImage(one)).label}, seed ${one.seed}`,
      }))}
      index={index}
      onIndex={(next) => onImage(images[next]!.id)}
      onClose={() => onImage(null)}
      actions={
        <>
          <Link className="button" href={`/play?generations=${image.generation_id}`}>
            Show the generation
          </Link>
          <ImageButtons image={image} onDelete={() => onImage(null)} />
        </>
      }
    />
  );
}
