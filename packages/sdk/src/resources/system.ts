// The installation as a whole: its state, its queues, and what the project has used of it.
import type { Api } from '../api.ts';
import { take } from '../api.ts';
import type { RequestOptions } from '../options.ts';
import type { QueueReport, SweepReport, SystemReport, UsageReport } from '../types.ts';

export class System {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  /** Version, dependencies, base models and live workers. */
  get(options?: RequestOptions): Promise<SystemReport> {
    return take(this.#api.http.GET('/v1/system', this.#api.with(options)));
  }

  /** How long the queues are, and what of the project waits in them. */
  queue(options?: RequestOptions): Promise<QueueReport> {
    return take(this.#api.http.GET('/v1/queue', this.#api.with(options)));
  }

  /** What the automatic cleanup removes from the project in the next `days` (7), and when. */
  sweep(params: { days?: number } = {}, options?: RequestOptions): Promise<SweepReport> {
    return take(this.#api.http.GET('/v1/system/sweep', { params: { query: params }, ...this.#api.with(options) }));
  }

  /** Usage of the project in a month such as `2026-11`. Default: the present month. */
  usage(params: { month?: string } = {}, options?: RequestOptions): Promise<UsageReport> {
    return take(this.#api.http.GET('/v1/usage', { params: { query: params }, ...this.#api.with(options) }));
  }
}
