// Dependencies of the API; the code that starts it opens and closes them.
import type { AddressPolicy, FlowConfig } from '@styleforge/config';
import type { Readiness } from '@styleforge/contracts';
import type { Database } from '@styleforge/database';
import type { JobQueues, RateLimiter } from '@styleforge/queue';
import type { ObjectStore } from '@styleforge/storage';
import type { Metrics, ReadinessCheck } from '@styleforge/telemetry';
import type { DashboardOptions } from './routes/dashboard.ts';
import type { ImageDecoder } from './decoding/image-decoder.ts';
import type { BodyLimits } from './plugins/body-limits.ts';
import type { BaseModelCatalog } from './services/models/base-model-catalog.ts';
import type { ProjectEventHub } from './services/events/project-event-hub.ts';
import type { UploadPace } from './services/files/upload-body.ts';

export type ApiOptions = {
  database: Database;
  objectStore: ObjectStore;
  baseModelsDirectory: string;
  /** Folder for the parts of published base models that the catalogue reads. If absent, published base models are not listed. */
  baseModelCacheDirectory?: string;
  logLevel: string;
  /** Rate limit of API keys. Absent: no limit. */
  rateLimiter?: RateLimiter | undefined;
  /** Limit of requests with wrong keys, by address. Default: no limit. */
  wrongKeyLimiter?: RateLimiter | undefined;
  /** Proxies, in CIDR notation, that are trusted to state the caller's address. */
  trustedProxies?: string[];
  /** Limit of open connections. Default: no limit. */
  eventStreamsPerKey?: number;
  /** Origins whose pages may call from a browser; `*` for any. Default: none. */
  corsOrigins?: string[];
  /** Maximum number of queued jobs of a project. Default: only the project's own limit. */
  maxQueuedJobsPerProject?: number;
  /** Limit of the total cost of a project's unfinished generations and evaluations. Default: only the project's own limit. */
  generationBudgetPerProject?: number;
  evaluationBudgetPerProject?: number;
  /** Milliseconds for which an Idempotency-Key stays locked after the process of its request has died. Default: a minute. */
  idempotencyLockMs?: number;
  /** Folder for the files of uploads while they are checked. Default: the system's folder for temporary files. */
  uploadDirectory?: string;
  /** Maximum number of simultaneous uploads, for each API key and in total. */
  uploadsPerKey?: number;
  uploadsAtOnce?: number;
  /** Minimum speed of uploads. */
  uploadPace?: UploadPace;
  /** Limits of memory and time for bodies that are read as a whole. */
  bodyLimits?: BodyLimits;
  /** Maximum number of connections; further ones are closed immediately. */
  maxConnections?: number;
  /** Networks that webhooks may reach in addition to the public internet, in CIDR notation. */
  webhookNetworks?: string[];
  /** Retention times and interval of the sweep. Default: those of an installation without settings. */
  sweep?: FlowConfig['sweep'];
  /** Registry of metrics. Default: a new one. */
  metrics?: Metrics;
  /** Used by readiness, metrics and the admin's view; jobs reach the queue through the outbox. */
  queues?: JobQueues;
  /** Whether /admin/queues shows the queues to admins; needs `queues`. */
  showsQueueBoard?: boolean;
  /** Folder of the built web page, which is served at /app. Absent: no page. */
  dashboard?: DashboardOptions;
  /** Further checks for /readyz; each throws when its dependency is down. */
  readinessChecks?: Record<string, ReadinessCheck>;
};

export type ApiDependencies = ApiOptions & {
  baseModels: BaseModelCatalog;
  mayReach: AddressPolicy;
  sweep: FlowConfig['sweep'];
  metrics: Metrics;
  /** Notifies the event streams of a project. */
  projectEvents: ProjectEventHub;
  imageDecoder: ImageDecoder;
  /** Whether everything that the API depends on responds. */
  readiness: () => Promise<Readiness>;
};
