// Single files that say how their model was trained, as ComfyUI, A1111 and trainers write them: the base model takes it over, and its
// exports say the same.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  openTensors,
  readDiffusersFolder,
  SafetensorsReader,
  type TensorEntry,
  writeSafetensors,
  writeSingleFile,
} from '@styleforge/weights';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeTinyBaseModel } from '../../../test/integration/tiny-base-model.ts';
import { addBaseModel, type AddBaseModelOptions } from '../src/base-models/add-base-model.ts';

let scratch: string;
let origin: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'styleforge-schedules-'));
  origin = join(scratch, 'origin');
  await makeTinyBaseModel(origin);
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

async function singleFile(marks: readonly string[], metadata: Record<string, string> = {}): Promise<string> {
  const [plain, marked] = [join(scratch, 'plain.safetensors'), join(await mkdtemp(join(scratch, 'file-')), 'marked.safetensors')];
  await writeSingleFile(plain, origin, { dtype: 'F32' });
  const reader = await openTensors(plain);
  const entries: TensorEntry[] = reader.names().map((name) => ({ name, shape: reader.info(name).shape, data: () => reader.read(name) }));
  await writeSafetensors(marked, [...entries, ...marks.map((name) => ({ name, shape: [0], data: new Float32Array() }))], { metadata });
  await reader.close();
  return marked;
}

const notes: string[] = [];
async function add(source: string, more: Partial<AddBaseModelOptions> = {}): Promise<string> {
  const given = { name: 'stated', source, hub: { endpoint: 'http://127.0.0.1:9' }, s3: { region: 'us-east-1', forcePathStyle: true } };
  return addBaseModel({
    ...given,
    directory: await mkdtemp(join(scratch, 'models-')),
    revision: 'main',
    sha256: new Map(),
    profile: {},
    configDirectory: origin,
    onNote: (note) => notes.push(note),
    ...more,
  });
}
const scheduleOf = async (folder: string) => (await readDiffusersFolder(folder)).schedulerConfig;
async function marksIn(folder: string): Promise<string[]> {
  const exported = join(scratch, 'exported.safetensors');
  await writeSingleFile(exported, folder);
  const reader = await SafetensorsReader.open(exported);
  const found = ['v_pred', 'ztsnr'].filter((name) => reader.has(name));
  await reader.close();
  return found;
}

it('tensors without values say that the model predicts velocity and was trained to pure noise', async () => {
  const folder = await add(await singleFile(['v_pred', 'ztsnr']));
  const stated = { prediction_type: 'v_prediction', rescale_betas_zero_snr: true, timestep_spacing: 'trailing' };
  expect(await scheduleOf(folder)).toMatchObject(stated);
  expect(notes.at(-1)).toBe(
    'the file says of its training: prediction_type v_prediction, rescale_betas_zero_snr true, timestep_spacing trailing',
  );
  expect(await marksIn(folder)).toEqual(['v_pred', 'ztsnr']);
}, 60_000);

it.each([
  ['modelspec.prediction_type', 'v'],
  ['modelspec.prediction_type', 'v_prediction'],
  ['modelspec.predict_key', 'v'],
])(
  'metadata says the same: %s %s',
  async (key, value) => {
    const folder = await add(await singleFile([], { [key]: value }));
    expect((await scheduleOf(folder)).prediction_type).toBe('v_prediction');
    expect(await marksIn(folder)).toEqual(['v_pred']);
  },
  60_000,
);

it('a file without a statement has the schedule of its configs, and the option has priority over a statement', async () => {
  const plain = await add(await singleFile([]));
  expect(await scheduleOf(plain)).toEqual(await scheduleOf(origin));
  expect(await marksIn(plain)).toEqual([]);
  const asked = await add(await singleFile(['v_pred']), { predictionType: 'epsilon' });
  expect((await scheduleOf(asked)).prediction_type).toBe('epsilon');
}, 60_000);

it('a model with the noise of EDM is refused', async () => {
  await expect(add(await singleFile(['edm_vpred.sigma_max']))).rejects.toThrow(/edm_vpred\.sigma_max.*noise of EDM/);
}, 60_000);
