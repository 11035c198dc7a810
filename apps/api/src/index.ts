// The HTTP API: build it, or start it listening.
export { buildApp } from './app.ts';
export type { ApiOptions } from './dependencies.ts';
export { startApi } from './server.ts';
export type { RunningApi, StartApiOptions } from './server.ts';
