// An image of the gallery in full size: star, start from it, copy its seed, delete.
import type { ListedImage } from '@styleforge/sdk';
import type { ReactElement } from 'react';
import { Link } from 'wouter';
import { useImageActions } from '../../data/image-actions.ts';
import { modelOf, useModels } from '../../data/models.ts';
import { Icon } from '../../ui/icons.tsx';
import { Lightbox } from '../../ui/lightbox.tsx';
import { CopyButton } from '../../ui/parts.tsx';

type Props = { images: ListedImage[]; index: number; onImage(id: string | null): void };

const modelOfImage = ({ training_job_id: job, checkpoint_id: checkpoint, base_model: base }: ListedImage): string =>
  job ?? checkpoint ?? base ?? '';

export function GalleryLightbox({ images, index, onImage }: Props): ReactElement {
  const models = useModels();
  const { star, remove } = useImageActions();
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
          <CopyButton text={String(image.seed)} label="Copy seed" />
          <button
            type="button"
            className="button icon"
            aria-label={image.starred ? 'Remove the star' : 'Star'}
            aria-pressed={image.starred}
            onClick={() => star({ ids: [image.id], starred: !image.starred })}
          >
            <Icon name="star" />
          </button>
          <button
            type="button"
            className="button icon danger"
            aria-label="Delete image"
            onClick={() => {
              onImage(null);
              remove([image]);
            }}
          >
            <Icon name="trash" />
          </button>
        </>
      }
    />
  );
}
