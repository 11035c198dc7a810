// The worker's parts that its tests hold on to; the worker itself is the process that main.ts boots.
export { UnreadableMessageError } from './child-messages.ts';
export { CheckpointStore } from './checkpoint-store.ts';
export { failureOf, isPermanent } from './failures.ts';
export { ProcessDiedError, runInChild, TaskError } from './job-process.ts';
export { GenerationProcess } from './generation-process.ts';
export { imageTexts } from './image-texts.ts';
export { createLogger } from './logger.ts';
export { ModelCache, type ModelCacheLimits } from './model-cache.ts';
export { encodePng } from './png.ts';
export { measureTokens, type TokenMeasurement } from './child/token-disentanglement.ts';
export type { Task } from './messages.ts';
export { ProgressRecorder } from './progress-recorder.ts';
export { downloadTrainingInputs } from './training-inputs.ts';
export { runSweep, type SweepServices } from './sweep/run-sweep.ts';
export { deliverWebhook, type WebhookServices } from './webhooks/deliver.ts';
export { post } from './webhooks/post.ts';
export { signedHeaders } from './webhooks/sign.ts';
export { type RunningWorker, startWorker, type WorkerServices } from './worker.ts';
