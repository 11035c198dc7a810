// Exports for other packages of the repository: starting the service on this machine, and installing adapters.
export { addAdapter, type AddAdapterOptions } from './base-models/add-adapter.ts';
export { type RunningService, startService, type StartServiceOptions } from './start/start-service.ts';
