// What other programs in the repository may use of the lab: the service, started on this machine.
export { type RunningService, startService, type StartServiceOptions } from './start/start-service.ts';
