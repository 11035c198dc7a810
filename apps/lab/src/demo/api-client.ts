// HTTP calls of one job, as any client would make them.
import { setTimeout as sleep } from 'node:timers/promises';
import type {
  BaseModelBody,
  CreateGenerationRequest,
  CreateTrainingJobRequest,
  DatasetBody,
  DatasetKind,
  EvaluationRequest,
  GenerationBody,
  Problem,
  TrainingJobBody,
} from '@styleforge/contracts';

const pollMs = 500;

export interface Upload {
  fileName: string;
  png: Uint8Array;
  component: string;
  /** Caption of the image. */
  caption?: string;
}

/** Fields that the caller sets; the service adds defaults for the others. */
type Request<Body, Required extends keyof Body> = Partial<Body> & Pick<Body, Required>;

type TrainingJobRequest = Request<Omit<CreateTrainingJobRequest, 'evaluation'>, 'method' | 'base_model' | 'style_ref'> & {
  evaluation?: Partial<EvaluationRequest>;
};

export class ApiClient {
  readonly #url: string;
  readonly #apiKey: string;

  constructor(url: string, apiKey: string) {
    this.#url = url;
    this.#apiKey = apiKey;
  }

  async findBaseModel(name: string): Promise<BaseModelBody> {
    const { data } = await this.#json<{ data: BaseModelBody[] }>('GET', '/v1/base-models');
    const found = data.find((model) => model.name === name);
    if (found) return found;
    throw new Error(`there is no base model ${name}; installed: ${data.map((model) => model.name).join(', ') || 'none'}`);
  }

  async createDataset(name: string, kind: DatasetKind, images: Upload[]): Promise<DatasetBody> {
    const { id } = await this.#json<DatasetBody>('POST', '/v1/datasets', { name, kind });
    const form = new FormData();
    for (const { fileName, png, component, caption } of images) {
      form.append('component', component);
      form.append('caption', caption ?? '');
      form.append('files', new Blob([new Uint8Array(png)], { type: 'image/png' }), fileName);
    }
    const { refused, files } = await this.#json<{ refused: number; files: { status: string; file_name: string; detail?: string }[] }>(
      'POST',
      `/v1/datasets/${id}/images`,
      form,
    );
    const bad = files.find(({ status }) => status === 'refused');
    if (bad) throw new Error(`${refused} of ${images.length} images were refused, the first ${bad.file_name}: ${bad.detail}`);
    return this.#json<DatasetBody>('GET', `/v1/datasets/${id}`);
  }

  createTrainingJob(request: TrainingJobRequest): Promise<TrainingJobBody> {
    return this.#json('POST', '/v1/training-jobs', request);
  }

  /** Follows the job to its end; throws unless it succeeds. */
  async waitForJob(id: string, onUpdate: (job: TrainingJobBody) => void): Promise<TrainingJobBody> {
    for (;;) {
      const job = await this.job(id);
      onUpdate(job);
      if (job.status === 'succeeded') return job;
      if (job.status === 'failed' || job.status === 'cancelled')
        throw new Error(`the training job ${job.status}: ${job.error?.message ?? 'no reason given'}`);
      await sleep(pollMs);
    }
  }

  job(id: string): Promise<TrainingJobBody> {
    return this.#json('GET', `/v1/training-jobs/${id}`);
  }

  cancelJob(id: string): Promise<TrainingJobBody> {
    return this.#json('POST', `/v1/training-jobs/${id}/cancel`);
  }

  /** The report of the job's evaluation, as one page. */
  async report(jobId: string): Promise<string> {
    return (await this.#send('GET', `/v1/training-jobs/${jobId}/report`, undefined, 'text/html')).text();
  }

  /** The generated PNGs in the order of the prompts. */
  async generate(request: Request<CreateGenerationRequest, 'model' | 'prompts'>, everyMs = pollMs): Promise<Buffer[]> {
    let generation = await this.#json<GenerationBody>('POST', '/v1/images/generations', request);
    while (generation.status === 'queued' || generation.status === 'running') {
      await sleep(everyMs);
      generation = await this.#json<GenerationBody>('GET', `/v1/images/generations/${generation.id}`);
    }
    if (generation.status !== 'succeeded')
      throw new Error(`the generation ${generation.status}: ${generation.error?.message ?? 'no reason given'}`);
    return Promise.all(generation.images.map(async ({ url }) => Buffer.from(await (await this.#send('GET', url)).arrayBuffer())));
  }

  async #json<Result>(method: string, path: string, body?: object): Promise<Result> {
    return (await (await this.#send(method, path, body)).json()) as Result;
  }

  async #send(method: string, path: string, body?: object, accept = 'application/json, */*'): Promise<Response> {
    const isForm = body instanceof FormData;
    const answer = await fetch(new URL(path, this.#url), {
      method,
      headers: { accept, authorization: `Bearer ${this.#apiKey}`, ...(body && !isForm && { 'content-type': 'application/json' }) },
      ...(body && { body: isForm ? body : JSON.stringify(body) }),
    });
    if (answer.ok) return answer;
    const { title, detail, errors = [] } = (await answer.json()) as Problem;
    const fields = errors.map((error) => `\n  ${error.pointer}: ${error.detail}`).join('');
    throw new Error(`${method} ${path}: ${answer.status} ${title}. ${detail}${fields}`);
  }
}
