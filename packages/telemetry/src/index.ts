// Logs, metrics and traces of every process.
export { createLogger, type Logger } from './logger.ts';
export { secretValues, withoutSecrets } from './without-secrets.ts';
export { METRICS, type MetricName } from './metric-table.ts';
export { createMetrics, type Metrics, type MetricReader } from './metrics.ts';
export { type StatusServer, startStatusServer } from './status-server.ts';
export { currentOrigin, type Origin, origin, withOrigin } from './origin.ts';
export { startTracing, type Tracing, type TracingConfig, tracingConfig } from './start-tracing.ts';
export { beginSpan, type OpenSpan, type SpanOptions, withSpan } from './spans.ts';
export { DeadlineError, type Phase, shutDown, withDeadline } from './lifecycle.ts';
export { createReadiness, diskSpaceCheck, freeBytesOf, migrationsCheck, NotReadyError, type ReadinessCheck } from './readiness.ts';
