// What other programs in the repository may use of the lab: the service, started on this machine, and adapters installed in it.
export { addAdapter, type AddAdapterOptions } from './base-models/add-adapter.ts';
export { type RunningService, startService, type StartServiceOptions } from './start/start-service.ts';
