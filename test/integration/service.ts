// The whole service in a fresh folder, and the few HTTP calls that the tests make.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { environmentOf, loadConfig } from '@styleforge/config';
import type { CheckpointBody, GenerationBody, JobEventBody, JobMetricBody, TrainingJobBody } from '@styleforge/contracts';
import { typeScript } from '@styleforge/launch';
import { type RunningService, startService } from '@styleforge/lab';
import { discPicture } from '@styleforge/testing';
import { makeTinyBaseModel } from './tiny-base-model.ts';

const root = new URL('../../', import.meta.url);

type Settings = Record<string, string>;
export type JobRequest = {
  max_train_steps: number;
  checkpointing_steps?: number | null;
  checkpoints_total_limit?: number;
  resolution?: number;
};

export class TestService {
  readonly directory: string;
  #service: RunningService | undefined;
  #apiKey = '';
  readonly #settings: Settings;
  readonly #workers: ChildProcess[] = [];

  private constructor(directory: string, settings: Settings) {
    this.directory = directory;
    this.#settings = {
      PORT: '0',
      LOG_LEVEL: 'info',
      DATA_DIRECTORY: join(directory, 'data'),
      BASE_MODELS_DIRECTORY: join(directory, 'models'),
      ...settings,
    };
  }

  /** `models`: the names of its base models, all of them tiny, each with its profile. `settings`: further ones, as in the environment. */
  static async create(models: Record<string, object> = { tiny: {} }, settings: Settings = {}): Promise<TestService> {
    const test = new TestService(await mkdtemp(join(tmpdir(), 'styleforge-service-')), settings);
    for (const [name, profile] of Object.entries(models)) {
      await makeTinyBaseModel(join(test.directory, 'models', name));
      await writeFile(join(test.directory, 'models', name, 'styleforge.json'), JSON.stringify(profile));
    }
    await test.start();
    return test;
  }

  /** A service in a folder that has its data and its base models already. */
  static async over(directory: string, apiKey: string, settings: Settings = {}): Promise<TestService> {
    const test = new TestService(directory, settings);
    test.#apiKey = apiKey;
    await test.start();
    return test;
  }

  async start(): Promise<void> {
    this.#service = await startService({ config: loadConfig(this.#settings) });
    this.#apiKey = this.#service.apiKey ?? this.#apiKey;
  }

  /** One more worker in addition to the service's own; it ends with the test. `program`: file and arguments of another version's worker. */
  async startWorker(
    settings: Settings,
    program: readonly string[] = typeScript(new URL('apps/worker/src/main.ts', root)),
  ): Promise<ChildProcess> {
    const config = loadConfig({ ...this.#settings, DATABASE_URL: this.service.databaseUrl, ...settings });
    const log = await open(join(this.directory, 'more-workers.log'), 'a');
    const [file = '', ...args] = program;
    const worker = fork(file, args, {
      execArgv: ['--import', new URL('apps/lab/src/start/end-with-parent.mjs', root).href],
      env: environmentOf(config),
      stdio: ['ignore', log.fd, log.fd, 'ipc'],
    });
    await log.close();
    this.#workers.push(worker);
    const ended = once(worker, 'exit').then(async ([code]) => {
      throw new Error(
        `the worker ended with ${code} before it was ready:\n${await readFile(join(this.directory, 'more-workers.log'), 'utf8')}`,
      );
    });
    await Promise.race([once(worker, 'message'), ended]);
    ended.catch(() => undefined);
    return worker;
  }

  get apiKey(): string {
    return this.#apiKey;
  }

  get service(): RunningService {
    if (!this.#service) throw new Error('the service is not running');
    return this.#service;
  }

  async stop(): Promise<void> {
    await this.#service?.stop();
    this.#service = undefined;
  }

  async remove(): Promise<void> {
    for (const worker of this.#workers) worker.kill('SIGKILL');
    await this.stop();
    await rm(this.directory, { recursive: true, force: true });
  }

  get authorization(): { authorization: string } {
    return { authorization: `Bearer ${this.#apiKey}` };
  }

  workerLog = () => readFile(join(this.service.logDirectory, 'worker.log'), 'utf8');

  async request(method: string, path: string, body?: object | FormData): Promise<Response> {
    const isForm = body instanceof FormData;
    return fetch(this.service.url + path, {
      method,
      headers: { ...this.authorization, ...(body && !isForm && { 'content-type': 'application/json' }) },
      ...(body && { body: isForm ? body : JSON.stringify(body) }),
    });
  }

  async call<Result>(method: string, path: string, body?: object | FormData): Promise<Result> {
    const answer = await this.request(method, path, body);
    if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${await answer.text()}`);
    return (await answer.json()) as Result;
  }

  async createDataset(kind: 'style_ref' | 'aux', hues: number[]): Promise<string> {
    const { id } = await this.call<{ id: string }>('POST', '/v1/datasets', { name: `${kind} of test`, kind });
    const form = new FormData();
    for (const hue of hues) form.append('files', new Blob([await discPicture(hue)], { type: 'image/png' }), `${hue}.png`);
    const { kept } = await this.call<{ kept: number }>('POST', `/v1/datasets/${id}/images`, form);
    if (kept !== hues.length) throw new Error(`${kept} of ${hues.length} pictures were kept`);
    return id;
  }

  async createJob(styleRef: string, aux: string, hyperparameters: JobRequest): Promise<string> {
    const job = await this.call<TrainingJobBody>('POST', '/v1/training-jobs', {
      method: 'single-styleforge',
      base_model: 'tiny',
      style_ref: { dataset_id: styleRef },
      aux: { dataset_id: aux },
      hyperparameters: { resolution: 32, learning_rate: 1e-3, ...hyperparameters },
    });
    return job.id;
  }

  job = (id: string) => this.call<TrainingJobBody>('GET', `/v1/training-jobs/${id}`);
  checkpoints = async (id: string) => (await this.call<{ data: CheckpointBody[] }>('GET', `/v1/training-jobs/${id}/checkpoints`)).data;
  metrics = async (id: string) => (await this.call<{ data: JobMetricBody[] }>('GET', `/v1/training-jobs/${id}/metrics`)).data;
  events = async (id: string) => (await this.call<{ data: JobEventBody[] }>('GET', `/v1/training-jobs/${id}/events`)).data;

  async generate(model: string): Promise<GenerationBody> {
    const { id } = await this.call<GenerationBody>('POST', '/v1/images/generations', {
      model,
      prompts: ['a photo of zwx style'],
      steps: 2,
      guidance_scale: 2,
      seed: 7,
      num_images: 2,
      wait: 30,
    });
    return this.generated(id);
  }

  async generated(id: string): Promise<GenerationBody> {
    for (;;) {
      const generation = await this.call<GenerationBody>('GET', `/v1/images/generations/${id}`);
      if (generation.status !== 'queued' && generation.status !== 'running') return generation;
      await sleep(200);
    }
  }

  async until(id: string, condition: (job: TrainingJobBody) => boolean, ms = 240_000): Promise<TrainingJobBody> {
    const end = Date.now() + ms;
    for (;;) {
      const job = await this.job(id);
      if (condition(job)) return job;
      if (Date.now() > end) throw new Error(`the job stayed as it is: ${JSON.stringify(job)}\n${await this.workerLog()}`);
      await sleep(100);
    }
  }

  untilFinished = (id: string, ms?: number) => this.until(id, ({ status }) => ['succeeded', 'failed', 'cancelled'].includes(status), ms);
}
