// The client: one object for a service and a key, with all resources.
import { Api } from './api.ts';
import { BrowserSession } from './browser-session.ts';
import { readEnvironment } from './environment.ts';
import { StyleForgeError } from './errors.ts';
import { DEFAULT_BASE_URL, DEFAULT_MAX_RETRIES, DEFAULT_TIMEOUT_MS } from './options.ts';
import type { ClientOptions, RequestOptions } from './options.ts';
import { ApiKeys } from './resources/api-keys.ts';
import { BaseModels } from './resources/base-models.ts';
import { Checkpoints } from './resources/checkpoints.ts';
import { Datasets } from './resources/datasets.ts';
import { Events } from './resources/events.ts';
import { Evaluations } from './resources/evaluations.ts';
import { Images } from './resources/images.ts';
import { Models } from './resources/models.ts';
import { PromptSets } from './resources/prompt-sets.ts';
import { Reports } from './resources/reports.ts';
import { Sessions } from './resources/sessions.ts';
import { Studies } from './resources/studies.ts';
import { System } from './resources/system.ts';
import { TrainingJobs } from './resources/training-jobs.ts';
import { Webhooks } from './resources/webhooks.ts';
import { Workers } from './resources/workers.ts';
import { train, type TrainParams } from './train.ts';
import type { OpenApiDocument, Readiness, TrainingJob } from './types.ts';

export class StyleForge {
  readonly baseUrl: string;
  readonly datasets: Datasets;
  readonly baseModels: BaseModels;
  readonly trainingJobs: TrainingJobs;
  readonly images: Images;
  readonly evaluations: Evaluations;
  readonly reports: Reports;
  readonly studies: Studies;
  readonly promptSets: PromptSets;
  readonly apiKeys: ApiKeys;
  readonly sessions: Sessions;
  readonly events: Events;
  readonly webhooks: Webhooks;
  readonly models: Models;
  readonly checkpoints: Checkpoints;
  readonly workers: Workers;
  readonly system: System;
  readonly #api: Api;

  constructor(options: ClientOptions = {}) {
    const apiKey = options.session ? undefined : (options.apiKey ?? readEnvironment('STYLEFORGE_API_KEY'));
    if (!apiKey && !options.session)
      throw new StyleForgeError('An API key is needed: new StyleForge({ apiKey }) or the environment variable STYLEFORGE_API_KEY.');
    this.baseUrl = (options.baseUrl ?? readEnvironment('STYLEFORGE_BASE_URL') ?? DEFAULT_BASE_URL).replace(/\/+$/, '');
    if (!/^https?:\/\//.test(this.baseUrl) || !URL.canParse(this.baseUrl))
      throw new StyleForgeError(`baseUrl: ${this.baseUrl} is not an http or https URL; give one such as ${DEFAULT_BASE_URL}.`);
    const api = new Api({
      apiKey,
      session: options.session ? new BrowserSession(() => this.sessions.me()) : undefined,
      baseUrl: this.baseUrl,
      timeout: options.timeout ?? DEFAULT_TIMEOUT_MS,
      maxRetries: options.maxRetries ?? DEFAULT_MAX_RETRIES,
      headers: options.headers ?? {},
      fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
    });
    this.#api = api;
    this.datasets = new Datasets(api);
    this.baseModels = new BaseModels(api);
    this.trainingJobs = new TrainingJobs(api);
    this.images = new Images(api);
    this.evaluations = new Evaluations(api);
    this.reports = new Reports(api, this.baseUrl);
    this.studies = new Studies(api);
    this.promptSets = new PromptSets(api);
    this.apiKeys = new ApiKeys(api);
    this.sessions = new Sessions(api);
    this.events = new Events(api);
    this.webhooks = new Webhooks(api);
    this.models = new Models(api);
    this.checkpoints = new Checkpoints(api);
    this.workers = new Workers(api);
    this.system = new System(api);
  }

  /** Trains on folders of images, or on existing datasets, and returns the finished job. Throws as `trainingJobs.waitFor` does. */
  train(params: TrainParams, options?: RequestOptions): Promise<TrainingJob> {
    return train(this, params, options);
  }

  /** Fetches the target of a `url` in a body, such as an image or a file of a checkpoint. The body is a stream. */
  download(url: string, options?: RequestOptions): Promise<Response> {
    return this.#api.transport.send(url, { method: 'GET', stream: true }, options);
  }

  /** The service's OpenAPI document: every schema with its defaults, ranges and descriptions. */
  async openapi(options?: RequestOptions): Promise<OpenApiDocument> {
    const response = await this.#api.transport.send('/openapi.json', { method: 'GET' }, options);
    return (await response.json()) as OpenApiDocument;
  }

  /** Checks whether each dependency of the service responds. Does not throw if one does not. */
  async readiness(options?: RequestOptions): Promise<Readiness> {
    const response = await this.#api.transport.send('/readyz', { method: 'GET', expect: 503 }, options);
    return (await response.json()) as Readiness;
  }
}
