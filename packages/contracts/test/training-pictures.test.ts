// Which images a job trains on, and the errors for images that it cannot be trained on.
import {
  baseModelProfile,
  checkTrainingPictures,
  createTrainingJobRequest,
  type Picture,
  resolveTrainingConfig,
  selectTrainingPictures,
} from '@styleforge/contracts';
import { expect, it } from 'vitest';

const DATASET = 'ds_01932d5c-7a40-7c3e-9d1b-2f6a8e4b1c70';
const validation = { prompts: ['a house', 'a cat'], every_steps: 1 };
const early_stopping = { metric: 'kid', patience: 1 };

function configOf(changes: object = {}) {
  const request = {
    method: 'single-styleforge',
    base_model: 'tiny',
    style_ref: { dataset_id: DATASET },
    hyperparameters: { resolution: 64 },
    ...changes,
  };
  const resolution = resolveTrainingConfig(createTrainingJobRequest.parse(request), baseModelProfile.parse({}));
  if (!resolution.ok) throw new Error(JSON.stringify(resolution.errors));
  return resolution.config;
}
const pictures = (count: number, changes: Partial<Picture> = {}) =>
  Array.from(
    { length: count },
    (_, index): Picture => ({
      fileName: `${changes.component ?? 'picture'} ${index + 1}.png`,
      component: null,
      caption: null,
      width: 64,
      height: 80,
      hasMask: false,
      ...changes,
    }),
  );
const both = [...pictures(6, { component: 'person' }), ...pictures(4, { component: 'background' })];
const multi = { method: 'multi-styleforge', aux: { dataset_id: DATASET } };
const select = (changes: object, styleRef: Picture[], reference: Picture[] = []) =>
  selectTrainingPictures(configOf(changes), { styleRef, aux: [], reference });
const numbers = (of: Picture[]) => of.map(({ fileName }) => Number(/\d+/.exec(fileName)?.[0]));

it('each component trains on its own images, the first of each if a mix limits them', () => {
  expect(select(multi, both).styleRef.map(({ component, pictures: own }) => [component.token, numbers(own)])).toEqual([
    ['zwx', [1, 2, 3, 4, 5, 6]],
    ['ukj', [1, 2, 3, 4]],
  ]);
  const mixed = select({ style_ref: { dataset_id: DATASET, mix: { person: 1, background: 2 } } }, both);
  expect(mixed.styleRef.map(({ pictures: own }) => own)).toEqual([[both[0], both[6], both[7]]]);
});

it('every fifth image is held out for KID, unless a reference is named', () => {
  const { styleRef, reference } = select({ validation, early_stopping }, pictures(11));
  expect([numbers(styleRef[0]?.pictures ?? []), numbers(reference)]).toEqual([
    [1, 2, 3, 4, 6, 7, 8, 9, 11],
    [5, 10],
  ]);
  const named = select({ validation, early_stopping: { ...early_stopping, reference_dataset_id: DATASET } }, pictures(11), pictures(2));
  expect([named.styleRef[0]?.pictures.length, named.reference.length]).toEqual([11, 2]);
});

it.each<[string, object, { styleRef?: Picture[]; aux?: Picture[] }, string | undefined, string, RegExp]>([
  ['nothing of what will do', multi, { styleRef: both }, undefined, '', /^$/],
  [
    'a component with two',
    multi,
    { styleRef: [...pictures(3, { component: 'person' }), ...pictures(2, { component: 'background' })] },
    'too_few_images',
    '/style_ref/dataset_id',
    /^the component background has 2 images .*at least 3/,
  ],
  [
    'a mix that leaves two',
    { style_ref: { dataset_id: DATASET, mix: { all: 2 } } },
    {},
    'too_few_images',
    '/style_ref/mix',
    /^the component all has 2 images/,
  ],
  [
    'a mix of more than there are',
    { style_ref: { dataset_id: DATASET, mix: { all: 9 } } },
    {},
    'too_few_images',
    '/style_ref/mix/all',
    /^requests 9 images, and the dataset has 3: lower it, or upload more$/,
  ],
  ['two Aux images', { aux: { dataset_id: DATASET } }, { aux: pictures(2) }, 'too_few_images', '/aux/dataset_id', /^aux has 2 images/],
  [
    'small ones',
    {},
    { styleRef: [...pictures(3), { ...pictures(1)[0]!, fileName: 'Mine (2).jpg', height: 40 }] },
    'image_too_small',
    '/style_ref/dataset_id',
    /^Mine \(2\)\.jpg is 64x40 pixels, too small for hyperparameters\.resolution 64: upload larger/,
  ],
  [
    'many small ones',
    {},
    { styleRef: pictures(22, { width: 63 }) },
    'image_too_small',
    '/style_ref/dataset_id',
    /picture 20\.png is 63x80 pixels, 2 more are as small, too small/,
  ],
  [
    'captions that are asked for and not there',
    { hyperparameters: { resolution: 64, use_captions: true } },
    {},
    'invalid_input',
    '/hyperparameters/use_captions',
    /^asks for captions, and none of the 3 StyleRef images has one: add captions with PUT .*captions, or set use_captions to false$/,
  ],
  [
    'no lack of captions where an image has one',
    { hyperparameters: { resolution: 64, use_captions: true } },
    { styleRef: [...pictures(2), ...pictures(1, { caption: 'a cat' })] },
    undefined,
    '',
    /^$/,
  ],
  [
    'one held out',
    { validation, early_stopping },
    { styleRef: pictures(9) },
    'invalid_input',
    '/early_stopping/reference_dataset_id',
    /^kid needs two reference images/,
  ],
])('reports %s', (_case, changes, { styleRef = pictures(3), aux = pictures(3) }, code, pointer, detail) => {
  const faults = checkTrainingPictures(configOf(changes), { styleRef, aux, reference: [] });
  expect(faults).toEqual(code === undefined ? [] : [{ code, pointer, detail: expect.stringMatching(detail) as string }]);
});
