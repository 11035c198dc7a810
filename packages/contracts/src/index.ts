// What crosses the border of the service: bodies, statuses, error codes and the resolved configurations.
export * from './api-keys.ts';
export * from './base-models.ts';
export * from './datasets.ts';
export * from './errors.ts';
export * from './generations.ts';
export * from './health.ts';
export * from './hyperparameters.ts';
export * from './ids.ts';
export * from './pages.ts';
export * from './prompt-sets.ts';
export * from './samplers.ts';
export * from './statuses.ts';
export * from './studies.ts';
export * from './token-disentanglement.ts';
export * from './training-config.ts';
export * from './training-jobs.ts';
export * from './training-request.ts';
