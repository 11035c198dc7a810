// npm run bench -- generation: images a minute of many small requests during one large request, and the latency of an image during a
// training.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadConfig } from '@styleforge/config';
import { sampleStyle } from '@styleforge/samples';
import { readCommandLine } from '../../command-line.ts';
import { ApiClient } from '../../demo/api-client.ts';
import { numberOption } from '../../options.ts';
import { embeddedConfig } from '../../start/embedded-config.ts';
import { startService } from '../../start/start-service.ts';
import { print, secondsSince } from '../process.ts';
import { median } from '../statistics.ts';

const program = {
  usage: 'npm run bench -- generation',
  about:
    'Starts a service and generates images with one model: one large request, then requests of one image each, at ' +
    'the same time and one by one; ' +
    'then one by one while a training runs.',
  options: {
    model: { type: 'string', default: 'styleforge-mini', help: 'base model; BASE_MODELS_DIRECTORY has it' },
    images: { type: 'string', default: '24', help: 'images of the large request, and number of small requests' },
    single: { type: 'string', default: '6', help: 'requests one by one' },
  },
} as const;

/** Milliseconds between two polls of a request. */
const POLL_MS = 20;

export async function run(args: string[]): Promise<void> {
  const { values } = readCommandLine({ ...program, args });
  const directory = await mkdtemp(path.join(tmpdir(), 'styleforge-generation-'));
  const service = await startService({ config: embeddedConfig(loadConfig(), directory), environment: { RATE_LIMIT_REQUESTS: '0' } });
  try {
    const requests = new Requests(new ApiClient(service.url, service.apiKey ?? ''), values.model);
    const images = numberOption('images', values.images);
    const single = numberOption('single', values.single);
    // Loads and compiles the model.
    await requests.latency(2);
    print({ what: 'one request', images, images_a_minute: await requests.inOne(images) });
    print({ what: 'small requests at the same time', images, images_a_minute: await requests.atOnce(images) });
    print({ what: 'an image by itself', ...(await requests.latency(single)) });
    const job = await requests.startTraining();
    print({ what: 'an image by itself while a training runs', ...(await requests.latency(single)) });
    await job.stop();
  } finally {
    await service.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

class Requests {
  readonly #client: ApiClient;
  readonly #model: string;
  #seed = 0;

  constructor(client: ApiClient, model: string) {
    this.#client = client;
    this.#model = model;
  }

  async #generate(count: number): Promise<void> {
    const prompts = Array.from({ length: count }, (_, index) => `a photo of ${['bear', 'house', 'bus', 'woman'][index % 4]}`);
    const made = await this.#client.generate({ model: this.#model, prompts, seed: (this.#seed += count) }, POLL_MS);
    if (made.length !== count) throw new Error(`${made.length} of ${count} images came back`);
  }

  /** Images a minute. */
  async inOne(count: number): Promise<number> {
    const start = performance.now();
    await this.#generate(count);
    return Math.round((60 * count) / secondsSince(start));
  }

  async atOnce(count: number): Promise<number> {
    const start = performance.now();
    await Promise.all(Array.from({ length: count }, () => this.#generate(1)));
    return Math.round((60 * count) / secondsSince(start));
  }

  /** Seconds from the request to the image. */
  async latency(count: number): Promise<{ median_s: number; longest_s: number }> {
    const seconds: number[] = [];
    for (let index = 0; index < count; index += 1) {
      const start = performance.now();
      await this.#generate(1);
      seconds.push(secondsSince(start));
    }
    return { median_s: median(seconds), longest_s: Math.max(...seconds) };
  }

  /** Starts a training and resolves when it has made steps. `stop` cancels it. */
  async startTraining(): Promise<{ stop(): Promise<void> }> {
    const { resolution } = await this.#client.findBaseModel(this.#model);
    const { id: dataset } = await this.#client.createDataset('generation', 'style_ref', await sampleStyle('ink', { size: resolution }));
    const { id } = await this.#client.createTrainingJob({
      method: 'single-styleforge',
      base_model: this.#model,
      style_ref: { dataset_id: dataset },
      hyperparameters: { max_train_steps: 100_000, checkpointing_steps: null },
      early_stopping: null,
    });
    while (((await this.#client.job(id)).progress?.step ?? 0) === 0) await sleep(100);
    return {
      stop: async () => {
        await this.#client.cancelJob(id);
        while ((await this.#client.job(id)).status !== 'cancelled') await sleep(100);
      },
    };
  }
}
