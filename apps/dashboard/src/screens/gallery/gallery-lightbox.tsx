// An image of the gallery in full size: star, show where it comes from; a generated one is deleted here.
import type { ReactElement } from 'react';
import { Link } from 'wouter';
import type { GalleryImage } from '../../data/gallery.ts';
import { useImageActions } from '../../data/image-actions.ts';
import { modelOf, useModels } from '../../data/models.ts';
import { ImageButtons } from '../../ui/image-buttons.tsx';
import { Lightbox } from '../../ui/lightbox.tsx';

type Props = { images: GalleryImage[]; index: number; onImage(id: string | null): void };

const modelOfImage = (image: GalleryImage): string =>
  image.training_job_id ?? (image.kind === 'generation' ? image.checkpoint_id : null) ?? image.base_model ?? '';

export function GalleryLightbox({ images, index, onImage }: Props): ReactElement {
  const models = useModels();
  const { starOf } = useImageActions();
  const image = images[index]!;
  return (
    <Lightbox
      items={images.map((one) => ({
        path: one.url,
        title: one.prompt,
        detail: `${modelOf(models, modelOfImage(one)).label}${one.kind === 'validation' ? `, step ${one.step}` : ''}, seed ${one.seed}`,
      }))}
      index={index}
      onIndex={(next) => onImage(images[next]!.id)}
      onClose={() => onImage(null)}
      star={starOf(image)}
      actions={
        image.kind === 'validation' ? (
          <Link className="button" href={`/jobs/${image.training_job_id}?sample=${image.step}.${image.index}`}>
            Show the job
          </Link>
        ) : (
          <>
            <Link className="button" href={`/play?generations=${image.generation_id}`}>
              Show the generation
            </Link>
            <Link className="button" href={`/play?start=${image.id}`}>
              Start from this image
            </Link>
            <ImageButtons image={image} onDelete={() => onImage(null)} />
          </>
        )
      }
    />
  );
}
