// Public surface of the queue.
export { type QueueConnection, queueConnectionOf } from './backends.ts';
export { checkRedis } from './check-redis.ts';
export { catalog, type JobName, type JobPayload, queueMix } from './catalog.ts';
export {
  type Consumer,
  type ConsumerOptions,
  createConsumer,
  type Dependencies,
  type JobContext,
  type JobOutcome,
  PermanentJobError,
  type StopReason,
} from './consumer.ts';
export type { Logger } from './logger.ts';
export { type OutboxPublisher, type OutboxPublisherOptions, startOutboxPublisher } from './outbox-publisher.ts';
export { findStranded, rescue, type Rescuer, type RescuerOptions, startRescuer } from './rescuer.ts';
export { createQueues, type JobQueues } from './producer.ts';
export { createRateLimiter, type RateLimit, type RateLimiter, type RateLimiterOptions, type RateLimitState } from './rate-limiter.ts';
