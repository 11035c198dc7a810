// The service's own state.
import type { ApiDependencies } from '../../dependencies.ts';
import type { ApiServer } from '../../http/api-server.ts';
import { healthzRoute } from './healthz.ts';
import { readyzRoute } from './readyz.ts';

export function registerHealthRoutes(app: ApiServer, dependencies: ApiDependencies): void {
  healthzRoute(app);
  readyzRoute(app, dependencies);
}
