// Bull Board at /admin/queues: a read-only view of the queues of all projects, for keys with the admin scope.
import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { FastifyAdapter } from '@bull-board/fastify';
import type { Database } from '@styleforge/database';
import type { JobQueues } from '@styleforge/queue';
import { ApiError } from '../errors/api-error.ts';
import type { ApiServer } from '../http/api-server.ts';
import { bearerKey } from './authentication.ts';

const PATH = '/admin/queues';

export async function registerQueueBoard(app: ApiServer, database: Database, queues: JobQueues): Promise<void> {
  const adapter = new FastifyAdapter();
  adapter.setBasePath(PATH);
  // Read-only, because jobs must be changed through the API, which updates the database.
  const shown = queues
    .backends()
    .map((queue) => new BullMQAdapter(queue as ConstructorParameters<typeof BullMQAdapter>[0], { readOnlyMode: true }));
  createBullBoard({ queues: shown, serverAdapter: adapter, options: { uiConfig: { boardTitle: 'StyleForge queues' } } });
  await app.register(async (board: ApiServer) => {
    board.addHook('onRoute', (route) => void (route.schema = { ...route.schema, hide: true }));
    board.addHook('onRequest', async (request, reply) => {
      const { authorization } = request.headers;
      const key = bearerKey(authorization) ?? basicPassword(authorization);
      const caller = key === undefined ? null : await database.apiKeys.identify(key);
      if (caller?.scopes.includes('admin')) return;
      // A browser then asks for a name, which is ignored, and a password, which is the API key.
      void reply.header('www-authenticate', 'Basic realm="StyleForge queues"');
      throw caller === null
        ? new ApiError('unauthorized', 'Use any user name. The password is an API key with the scope `admin`.')
        : new ApiError('insufficient_scope', 'This API key lacks the scope `admin`.');
    });
    await board.register(adapter.registerPlugin() as Parameters<typeof board.register>[0], { prefix: PATH });
  });
}

function basicPassword(authorization: string | undefined): string | undefined {
  const encoded = /^Basic (\S+)$/i.exec(authorization ?? '')?.[1];
  return encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString().split(/:(.*)/s)[1];
}
