// npm run bench -- base-models: adds a checkpoint of Stable Diffusion 1.5's shape, random weights at half precision (2.1 GB), from a hub on
// loopback whose connections break: seconds, bytes sent twice, peak memory. The hub runs in the same process.
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeSingleFile } from '@styleforge/weights';
import { readCommandLine } from '../../command-line.ts';
import { addBaseModel } from '../../base-models/add-base-model.ts';
import { stableDiffusion1 } from '../../base-models/layouts.ts';
import { writeRandomModel } from '../../base-models/random-model.ts';
import { numberOption } from '../../options.ts';
import { type FakeHub, startFakeHub } from './fake-hub.ts';
import { print } from '../process.ts';

const MEGABYTE = 1e6;
const repository = 'somebody/random-diffusion';
const round = (value: number): number => Number(value.toFixed(2));

async function addTimed(hub: FakeHub, source: string, directory: string, size: number, breaks: number[]): Promise<void> {
  Object.assign(hub, { sent: 0, breaks: [...breaks] });
  const start = performance.now();
  let received = 0;
  await addBaseModel({
    directory,
    name: 'random',
    source,
    hub: { endpoint: hub.url },
    s3: { region: 'us-east-1', forcePathStyle: true },
    revision: 'main',
    sha256: new Map(),
    profile: {},
    onProgress: () => {
      received = performance.now();
    },
  });
  const [downloaded, total] = [(received - start) / 1e3, (performance.now() - start) / 1e3];
  print({
    source: source === `hf:${repository}` ? 'folder' : 'single file',
    megabytes: Math.round(size / MEGABYTE),
    breaks: breaks.length,
    sent_again_percent: round(100 * (hub.sent / size - 1)),
    download_seconds: round(downloaded),
    seconds: round(total),
    peak_mib: Math.round(process.resourceUsage().maxRSS / 1024),
  });
  await rm(join(directory, 'random'), { recursive: true });
}

const program = {
  usage: 'npm run bench -- base-models',
  about:
    "Adds a model of Stable Diffusion 1.5's size from a server on this machine that interrupts downloads, and measures time, memory " +
    'and the bytes that were sent again.',
  options: {
    breaks: { type: 'string', default: '8', help: 'interruptions of the download' },
    directory: { type: 'string', default: tmpdir(), help: 'folder with room for the model' },
  },
} as const;

export async function run(args: string[]): Promise<void> {
  const { values } = readCommandLine({ ...program, args });
  const breaks = Array.from({ length: numberOption('breaks', values.breaks, { least: 0 }) }, (_, index) => 50 * MEGABYTE * (index + 1));
  const scratch = await mkdtemp(join(values.directory, 'styleforge-bench-'));
  try {
    const [folder, files, models] = [join(scratch, 'folder'), join(scratch, 'files'), join(scratch, 'models')];
    await writeRandomModel(folder, stableDiffusion1());
    const folderHub = await startFakeHub(folder, repository);
    const weights = ['unet/diffusion_pytorch_model', 'vae/diffusion_pytorch_model', 'text_encoder/model'].map((name) =>
      join(folder, `${name}.safetensors`),
    );
    const sizes = await Promise.all(weights.map(async (path) => (await stat(path)).size));
    await addTimed(
      folderHub,
      `hf:${repository}`,
      models,
      sizes.reduce((sum, size) => sum + size),
      breaks,
    );
    await folderHub.stop();
    const single = join(files, 'model.safetensors');
    await mkdir(files);
    await writeSingleFile(single, folder);
    await rm(folder, { recursive: true });
    const fileHub = await startFakeHub(files, repository);
    await addTimed(fileHub, `hf:${repository}/model.safetensors`, models, (await stat(single)).size, breaks);
    await fileHub.stop();
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
