// One file out, on the whole service: every checkpoint in the formats that fit it, made by a worker when somebody asks; and the worker's
// own row.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type {
  CheckpointBody,
  CheckpointExportBody,
  SystemReportBody,
  TrainingJobBody,
  UsageReportBody,
  WorkerBody,
} from '@styleforge/contracts';
import { SafetensorsReader } from '@styleforge/weights';
import { fromBuffer } from 'yauzl';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TestService } from './service.ts';

const patience = 900_000;
let test: TestService;
let styleRef: string;
let aux: string;
beforeAll(async () => {
  test = await TestService.create();
  styleRef = await test.createDataset('style_ref', [0, 0.2, 0.4]);
  aux = await test.createDataset('aux', [0.5, 0.6, 0.8]);
}, patience);
afterAll(() => test.remove());

/** Asks until the file comes; the responses before it are those of an export that is being made. */
async function download(
  checkpoint: string,
  format: string,
  rank?: number,
): Promise<{ bytes: Buffer; name: string; waited: CheckpointExportBody[] }> {
  const waited: CheckpointExportBody[] = [];
  for (const end = Date.now() + patience; Date.now() < end; ) {
    const response = await test.request('GET', `/v1/checkpoints/${checkpoint}/download?format=${format}${rank ? `&rank=${rank}` : ''}`);
    if (response.status === 202) {
      expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
      waited.push((await response.json()) as CheckpointExportBody);
      await sleep(500);
      continue;
    }
    if (!response.ok) throw new Error(`${format} answered ${response.status}: ${await response.text()}`);
    const [, name = ''] = /filename="(.+)"/.exec(response.headers.get('content-disposition') ?? '') ?? [];
    return { bytes: Buffer.from(await response.arrayBuffer()), name, waited };
  }
  throw new Error(`${format} was not made in time`);
}

async function tensorsOf(bytes: Buffer): Promise<string[]> {
  const path = join(test.directory, 'downloaded.safetensors');
  await writeFile(path, bytes);
  const reader = await SafetensorsReader.open(path);
  const names = [...reader.names()];
  await reader.close();
  return names;
}

const entriesOf = (bytes: Buffer): Promise<string[]> =>
  new Promise((done, fail) => {
    fromBuffer(bytes, { lazyEntries: false }, (error, archive) => {
      if (error) return fail(error);
      const names: string[] = [];
      archive.on('entry', ({ fileName }: { fileName: string }) => names.push(fileName));
      archive.on('end', () => done(names));
      archive.on('error', fail);
    });
  });

const statusOf = async (path: string): Promise<number> => (await test.request('GET', path)).status;

it(
  'a full fine-tune can be exported from any checkpoint as a complete model, and as a LoRA with the share that it keeps',
  async () => {
    const id = await test.createJob(styleRef, aux, { max_train_steps: 6, checkpointing_steps: 3 });
    const job = await test.untilFinished(id);
    expect(job.status).toBe('succeeded');
    const [middle, last] = await test.checkpoints(id);
    expect(middle?.formats.map(({ format, ready }) => [format, ready])).toEqual([
      ['single-file', false],
      ['diffusers-zip', false],
      ['lora-diffusers', false],
      ['lora-kohya', false],
    ]);
    const single = await download(middle?.id ?? '', 'single-file');
    expect(single.waited[0]).toMatchObject({ format: 'single-file', kept_share: null });
    expect(single.name).toBe(`styleforge-${id.slice(-8)}-3-single-file.safetensors`);
    expect(await tensorsOf(single.bytes)).toContain('model.diffusion_model.input_blocks.0.0.weight');
    expect((await download(middle?.id ?? '', 'single-file')).waited).toEqual([]);
    expect((await test.checkpoints(id))[0]?.formats[0]?.ready).toBe(true);
    // The last checkpoint has its single file already, unless the tiny model has no such layout.
    expect((await download(last?.id ?? '', 'single-file')).waited).toEqual([]);
    expect(await entriesOf((await download(last?.id ?? '', 'diffusers-zip')).bytes)).toEqual(
      expect.arrayContaining(['model_index.json', 'unet/config.json', 'unet/diffusion_pytorch_model.safetensors', 'tokenizer/vocab.json']),
    );
    const shares: number[] = [];
    for (const rank of [1, 4]) {
      const asked = await test.call<CheckpointExportBody>('POST', `/v1/checkpoints/${last?.id}/extract-lora`, {
        rank,
        format: 'lora-kohya',
      });
      expect(asked).toMatchObject({ format: 'lora-kohya', rank });
      const { bytes } = await download(last?.id ?? '', 'lora-kohya', rank);
      expect((await tensorsOf(bytes)).some((name) => name.endsWith('.lora_down.weight'))).toBe(true);
      const made = await test.call<CheckpointExportBody>('GET', `/v1/exports/${asked.id}`);
      expect(made).toMatchObject({ status: 'succeeded', size_bytes: bytes.length });
      shares.push(made.kept_share ?? -1);
    }
    expect(shares[0]).toBeGreaterThan(0);
    expect(shares[1]).toBeGreaterThan(shares[0] ?? 1);
    expect(shares[1]).toBeLessThanOrEqual(1);
    const refused = await test.request('GET', `/v1/checkpoints/${last?.id}/download?format=embedding-a1111`);
    expect([refused.status, await refused.json()]).toMatchObject([422, { code: 'unsuitable_format' }]);
    expect(await statusOf(`/v1/checkpoints/${last?.id}/download?format=single-file&rank=4`)).toBe(422);
  },
  patience,
);

it(
  'a LoRA can be exported as its own files immediately, and merged into a complete model',
  async () => {
    const { id } = await test.call<TrainingJobBody>('POST', '/v1/training-jobs', {
      method: 'lora',
      base_model: 'tiny',
      style_ref: { dataset_id: styleRef },
      hyperparameters: { resolution: 32, learning_rate: 1e-3, max_train_steps: 4 },
      adaptation: { kind: 'lora', rank: 2 },
    });
    expect((await test.untilFinished(id)).status).toBe('succeeded');
    const [checkpoint] = (await test.checkpoints(id)) as [CheckpointBody];
    for (const format of ['lora-diffusers', 'lora-kohya']) expect((await download(checkpoint.id, format)).waited).toEqual([]);
    const merged = await download(checkpoint.id, 'single-file');
    expect(merged.waited.length).toBeGreaterThan(0);
    expect(await tensorsOf(merged.bytes)).toContain('model.diffusion_model.input_blocks.0.0.weight');
    expect(await entriesOf((await download(checkpoint.id, 'adapter-zip')).bytes)).toEqual(
      expect.arrayContaining(['adaptation.json', 'pytorch_lora_weights.safetensors']),
    );
    const keys: string[] = [];
    const read = async (): Promise<void> => {
      keys.length = 0;
      const rows = await test.request('GET', `/v1/checkpoints/${checkpoint.id}`);
      keys.push(...((await rows.json()) as CheckpointBody).formats.flatMap(({ format, ready }) => (ready ? [format] : [])));
    };
    await read();
    expect(keys).toEqual(expect.arrayContaining(['lora-diffusers', 'lora-kohya', 'single-file', 'adapter-zip']));
    expect((await test.request('DELETE', `/v1/checkpoints/${checkpoint.id}`)).status).toBe(204);
    expect(await statusOf(`/v1/checkpoints/${checkpoint.id}/download?format=single-file`)).toBe(404);
  },
  patience,
);

it('the worker that exports is shown with its device, and its work is counted', async () => {
  const { data } = await test.call<{ data: WorkerBody[] }>('GET', '/v1/workers');
  expect(data).toMatchObject([{ device: { kind: 'cpu', name: expect.any(String) as string }, queues: { train: 1, export: 1 } }]);
  expect(['idle', 'working']).toContain(data[0]?.status);
  const system = await test.call<SystemReportBody>('GET', '/v1/system');
  expect(system).toMatchObject({ status: 'ready', workers: { live: 1 }, devices: { cpu: 1 } });
  const usage = await test.call<UsageReportBody>('GET', '/v1/usage');
  const [trained] = usage.by_kind.filter(({ kind }) => kind === 'training_job');
  expect(trained).toMatchObject({ device: 'cpu', steps: 10 });
  expect(trained?.device_seconds).toBeGreaterThan(0);
});
