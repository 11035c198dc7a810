// All metrics of the service, with kind, meaning and labels. Dashboards and alerts may use no others.

type MetricKind = 'counter' | 'gauge' | 'histogram';
interface MetricDefinition {
  kind: MetricKind;
  help: string;
  labels: readonly string[];
  buckets?: readonly number[];
}

const fast = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;
const slow = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14_400, 86_400] as const;

export const METRICS = {
  styleforge_http_request_duration_seconds: {
    kind: 'histogram',
    help: 'Response time of a request, by route',
    labels: ['method', 'route', 'status'],
    buckets: fast,
  },
  styleforge_jobs: {
    kind: 'gauge',
    help: 'Training jobs, generations and evaluations in the database, by status',
    labels: ['kind', 'status'],
  },
  styleforge_queue_jobs: { kind: 'gauge', help: 'Jobs in a queue, by state of the queue', labels: ['queue', 'state'] },
  styleforge_queue_oldest_seconds: { kind: 'gauge', help: 'How long the longest waiting job of a queue has waited', labels: ['queue'] },
  styleforge_queue_wait_seconds: {
    kind: 'histogram',
    help: 'Time from entering a queue to being taken by a worker',
    labels: ['queue'],
    buckets: slow,
  },
  styleforge_outbox_messages: { kind: 'gauge', help: 'Messages that have not reached their queue yet', labels: [] },
  styleforge_outbox_oldest_seconds: { kind: 'gauge', help: 'Age of the oldest message that has not reached its queue', labels: [] },
  styleforge_job_duration_seconds: {
    kind: 'histogram',
    help: 'Time of one attempt at a job in a worker',
    labels: ['queue', 'outcome'],
    buckets: slow,
  },
  styleforge_job_failures_total: { kind: 'counter', help: 'Attempts that failed, by failure code', labels: ['queue', 'code'] },
  styleforge_jobs_running: { kind: 'gauge', help: 'Jobs that this worker runs', labels: ['queue'] },
  styleforge_train_step_seconds: {
    kind: 'histogram',
    help: 'Time of one training step: forward, backward and update',
    labels: ['method'],
    buckets: fast.map((bucket) => bucket * 20),
  },
  styleforge_train_samples_total: { kind: 'counter', help: 'Samples that went through training steps', labels: ['method'] },
  styleforge_train_samples_per_second: { kind: 'gauge', help: 'Samples a second of the last training step seen', labels: ['method'] },
  styleforge_checkpoint_seconds: { kind: 'histogram', help: 'Time to put a checkpoint into the object store', labels: [], buckets: slow },
  styleforge_database_query_seconds: { kind: 'histogram', help: 'Time of a database statement', labels: ['statement'], buckets: fast },
  styleforge_database_connections: {
    kind: 'gauge',
    help: 'Connections of this process, and requests that wait for one',
    labels: ['state'],
  },
  styleforge_store_operation_seconds: {
    kind: 'histogram',
    help: 'Time of an object store operation',
    labels: ['operation', 'outcome'],
    buckets: fast,
  },
  styleforge_stranded: {
    kind: 'gauge',
    help: 'Unfinished work without outbox message, queue entry or live worker that the last check found and put back',
    labels: ['queue'],
  },
  styleforge_sweep_refused: {
    kind: 'gauge',
    help: '1 after a sweep that changed nothing, because store and database do not belong together or differ too much, else 0',
    labels: [],
  },
  styleforge_running_silent_seconds: {
    kind: 'gauge',
    help: 'Longest time since the last heartbeat of a running training job; 0 if none runs',
    labels: [],
  },
  styleforge_workers: {
    kind: 'gauge',
    help: 'Worker processes seen in the last day, by device and status',
    labels: ['device', 'status'],
  },
  styleforge_queue_workers: { kind: 'gauge', help: 'Live workers that take jobs from a queue', labels: ['queue'] },
  styleforge_webhook_deliveries: { kind: 'gauge', help: 'Webhook deliveries of the last 24 hours, by status', labels: ['status'] },
  styleforge_dependency_up: {
    kind: 'gauge',
    help: '1 if a dependency responded at the last readiness check, else 0',
    labels: ['dependency'],
  },
} as const satisfies Record<string, MetricDefinition>;

export type MetricName = keyof typeof METRICS;
export type MetricsOfKind<Kind extends MetricKind> = {
  [Name in MetricName]: (typeof METRICS)[Name]['kind'] extends Kind ? Name : never;
}[MetricName];
export type LabelsOf<Name extends MetricName> = Record<(typeof METRICS)[Name]['labels'][number], string | number>;

export function describeMetrics(): (MetricDefinition & { name: MetricName })[] {
  return (Object.keys(METRICS) as MetricName[]).map((name) => ({ name, ...METRICS[name] }));
}
