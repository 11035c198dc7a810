// Chooses the images of the datasets that a job trains on and checks them: when the job is created, and again before it is trained.
import { ADAPTATION_TRAITS } from './adaptations.ts';
import type { AdaptationKind } from './adaptations.ts';
import type { FailureCode, FieldError } from '../common/errors.ts';
import { counted } from '../common/counted.ts';
import { ALL_IMAGES } from './methods.ts';
import type { StyleRefComponent, TrainingConfig } from './training-config.ts';

/** The facts about an image that decide whether it is used; sides in pixels. */
export interface Picture {
  fileName: string;
  component: string | null;
  caption: string | null;
  /** Whether it has a mask of its own. */
  hasMask: boolean;
  width: number;
  height: number;
}

/** All images of a job's datasets, in the order of their upload. `reference`: images for early stopping. */
export interface DatasetPictures<Kind extends Picture = Picture> {
  styleRef: readonly Kind[];
  aux: readonly Kind[];
  reference: readonly Kind[];
}

export interface TrainingPictures<Kind extends Picture> {
  styleRef: { component: StyleRefComponent; pictures: Kind[] }[];
  aux: Kind[];
  /** Reference images of KID during the training. */
  reference: Kind[];
}

export type PictureFault = FieldError & { code: Extract<FailureCode, 'invalid_input' | 'too_few_images' | 'image_too_small'> };

/** Maximum number of small images that an error names. */
const NAMED = 20;
/** One in this many StyleRef images is held out of the training if KID has no other reference. */
const HELD_OUT_OF = 5;

export function selectTrainingPictures<Kind extends Picture>(
  config: TrainingConfig,
  { styleRef, aux, reference }: DatasetPictures<Kind>,
): TrainingPictures<Kind> {
  const mixed = mixOf(config, styleRef);
  const parts = config.style_ref.components.map((component) => {
    const own = ofComponent(mixed, component.name);
    const isHeldOut = (index: number) => holdsOut(config) && (index + 1) % HELD_OUT_OF === 0;
    return { component, pictures: own.filter((_, index) => !isHeldOut(index)), heldOut: own.filter((_, index) => isHeldOut(index)) };
  });
  return {
    styleRef: parts.map(({ component, pictures }) => ({ component, pictures })),
    aux: [...aux],
    reference: [...parts.flatMap(({ heldOut }) => heldOut), ...reference],
  };
}

/** Reasons why the job cannot be trained on these images, each with the field to change; empty if it can be. */
export function checkTrainingPictures(config: TrainingConfig, datasets: DatasetPictures): PictureFault[] {
  const absent = [...checkMix(config, datasets.styleRef), ...checkComponents(config, datasets.styleRef)];
  if (absent.length > 0) return absent;
  const { styleRef, aux, reference } = selectTrainingPictures(config, datasets);
  const { resolution } = config.hyperparameters;
  const { kind } = config.adaptation;
  const styleRefField = '/style_ref/dataset_id';
  return [
    ...styleRef.flatMap(({ component, pictures }) =>
      checkCount(config.style_ref.mix ? '/style_ref/mix' : styleRefField, `the component ${component.name}`, pictures.length, kind),
    ),
    ...checkSizes(styleRefField, new Set(styleRef.flatMap(({ pictures }) => pictures)), resolution),
    ...(config.aux
      ? [...checkCount('/aux/dataset_id', 'aux', aux.length, kind), ...checkSizes('/aux/dataset_id', new Set(aux), resolution)]
      : []),
    ...checkCaptions(config, styleRef),
    ...checkMasks(config, styleRef),
    ...(config.early_stopping?.metric === 'kid' ? checkReference(reference.length) : []),
  ];
}

const holdsOut = ({ early_stopping: stopping }: TrainingConfig): boolean =>
  stopping?.metric === 'kid' && stopping.reference_dataset_id === null;

function ofComponent<Kind extends Picture>(pictures: readonly Kind[], name: string): readonly Kind[] {
  return name === ALL_IMAGES ? pictures : pictures.filter(({ component }) => component === name);
}

/** The first images of each component, in the number that the job requests. */
function mixOf<Kind extends Picture>({ style_ref: { mix } }: TrainingConfig, pictures: readonly Kind[]): readonly Kind[] {
  if (mix === undefined) return pictures;
  const kept = new Set(Object.entries(mix).flatMap(([name, count]) => ofComponent(pictures, name).slice(0, count)));
  return pictures.filter((picture) => kept.has(picture));
}

function checkMix({ style_ref: { mix = {} } }: TrainingConfig, pictures: readonly Picture[]): PictureFault[] {
  return Object.entries(mix).flatMap(([name, count]) => {
    const has = ofComponent(pictures, name).length;
    return has >= count
      ? []
      : [
          {
            code: 'too_few_images',
            pointer: `/style_ref/mix/${name}`,
            detail: `requests ${counted(count, 'image')}, and the dataset has ${has}: lower it, or upload more`,
          },
        ];
  });
}

function checkComponents({ style_ref: { components } }: TrainingConfig, pictures: readonly Picture[]): PictureFault[] {
  return components.flatMap(({ name }, index) => {
    if (name === ALL_IMAGES || ofComponent(pictures, name).length > 0) return [];
    const labels = [...new Set(pictures.map(({ component }) => component ?? 'unlabelled'))].join(', ');
    return [
      {
        code: 'invalid_input',
        pointer: `/style_ref/components/${index}/name`,
        detail: `the dataset has no images of the component ${name}; it has: ${labels}`,
      },
    ];
  });
}

/** Why `count` images of `part` are too few to train on; null if they are enough. */
export function tooFewImages(part: string, count: number, kind: AdaptationKind): string | null {
  const least = ADAPTATION_TRAITS[kind].leastImages;
  if (count >= least) return null;
  return `${part} has ${counted(count, 'image')} to train on: at least ${least} are needed, 15 to 20 work best; upload more images`;
}

/** Names the images that are too small to train on; null if there are none. */
export function tooSmallImages(pictures: Iterable<Pick<Picture, 'fileName' | 'width' | 'height'>>, resolution: number): string | null {
  const small = [...pictures]
    .filter(({ width, height }) => Math.min(width, height) < resolution)
    .map(({ fileName, width, height }) => `${fileName} is ${width}x${height} pixels`);
  if (small.length === 0) return null;
  const named = [...small.slice(0, NAMED), ...(small.length > NAMED ? [`${small.length - NAMED} more are as small`] : [])].join(', ');
  return `${named}, too small for hyperparameters.resolution ${resolution}: upload larger images, or lower the resolution`;
}

function checkCount(pointer: string, part: string, count: number, kind: AdaptationKind): PictureFault[] {
  const detail = tooFewImages(part, count, kind);
  return detail === null ? [] : [{ code: 'too_few_images', pointer, detail }];
}

function checkSizes(pointer: string, pictures: ReadonlySet<Picture>, resolution: number): PictureFault[] {
  const detail = tooSmallImages(pictures, resolution);
  return detail === null ? [] : [{ code: 'image_too_small', pointer, detail }];
}

function checkCaptions({ hyperparameters, style_ref }: TrainingConfig, styleRef: TrainingPictures<Picture>['styleRef']): PictureFault[] {
  const pictures = styleRef.flatMap((part) => part.pictures);
  if (!hyperparameters.use_captions || pictures.some(({ caption }) => caption !== null && caption !== '')) return [];
  const detail =
    `asks for captions, and ${pictures.length === 1 ? 'the StyleRef image has' : `none of the ${pictures.length} StyleRef images has`} ` +
    'one: ' +
    `add captions with PUT /v1/datasets/${style_ref.dataset_id}/captions, or set use_captions to false`;
  return [{ code: 'invalid_input', pointer: '/hyperparameters/use_captions', detail }];
}

function checkMasks({ hyperparameters }: TrainingConfig, styleRef: TrainingPictures<Picture>['styleRef']): PictureFault[] {
  const pictures = styleRef.flatMap((part) => part.pictures);
  if (!hyperparameters.masked_loss || pictures.some(({ hasMask }) => hasMask)) return [];
  const detail =
    `asks for masks, and ${pictures.length === 1 ? 'the StyleRef image has' : `none of the ${pictures.length} StyleRef images has`} one: ` +
    'upload images with an alpha channel, or a file NAME.mask.png for each NAME.png, or set masked_loss to false';
  return [{ code: 'invalid_input', pointer: '/hyperparameters/masked_loss', detail }];
}

function checkReference(count: number): PictureFault[] {
  if (count >= 2) return [];
  const detail =
    'kid needs two reference images or more: name a reference_dataset_id that has them, or upload ten StyleRef images of a component';
  return [{ code: 'invalid_input', pointer: '/early_stopping/reference_dataset_id', detail }];
}
