// Builds the API: registers plugins in the order in which they handle a request, then the routes.
import { randomUUID } from 'node:crypto';
import multipart from '@fastify/multipart';
import { createAddressPolicy, loadConfig } from '@styleforge/config';
import { UPLOAD_LIMITS } from '@styleforge/contracts';
import { createLogger, createMetrics } from '@styleforge/telemetry';
import Fastify, { type FastifyBaseLogger, LogController } from 'fastify';
import { serializerCompiler } from 'fastify-type-provider-zod';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { ImageDecoder } from './decoding/image-decoder.ts';
import type { ApiDependencies, ApiOptions } from './dependencies.ts';
import { answerConnectionError } from './errors/connection-errors.ts';
import { handleError, handleUnknownRoute } from './errors/error-handler.ts';
import { isUnknownId, validatorCompiler } from './errors/request-validation.ts';
import { AllowedMethods } from './http/allowed-methods.ts';
import type { ApiServer } from './http/api-server.ts';
import { registerAuthentication } from './plugins/authentication.ts';
import { registerBodyArrival, registerBodyBudget, USUAL_BODY_LIMITS } from './plugins/body-limits.ts';
import { registerBodyParser } from './plugins/body-parser.ts';
import { registerContentNegotiation } from './plugins/content-negotiation.ts';
import { registerCors } from './plugins/cors.ts';
import { registerIdempotency } from './plugins/idempotency.ts';
import { registerOpenApi } from './plugins/openapi.ts';
import { registerRateLimit } from './plugins/rate-limit.ts';
import { registerSecurityHeaders } from './plugins/security-headers.ts';
import { registerServiceMetrics } from './plugins/service-metrics.ts';
import { registerTelemetry } from './plugins/telemetry.ts';
import { registerTextCheck } from './plugins/text-check.ts';
import { dashboardRoute } from './routes/dashboard.ts';
import { errorDocsRoute } from './routes/docs/errors.ts';
import { rootRoute } from './routes/docs/root.ts';
import { uploadLinkRoute } from './routes/upload-link.ts';
import { sharedReportRoute } from './routes/shared-reports.ts';
import { createServiceReadiness, registerHealthRoutes } from './routes/health/index.ts';
import { registerV1Routes } from './routes/v1/index.ts';
import { BaseModelFolders } from './services/models/base-model-folders.ts';
import { createBaseModelCatalog } from './services/models/base-model-catalog.ts';
import { ProjectEventHub } from './services/events/project-event-hub.ts';

const JSON_BODY_LIMIT = 1024 * 1024;
/** Limit of open connections: each needs some kilobytes, even if it never sends a request. */
const MAX_CONNECTIONS = 5_000;
/** Milliseconds without data after which the operating system checks whether the other side still responds. */
const PEER_SILENCE_MS = 60_000;

function createDependencies(options: ApiOptions, log: ReturnType<typeof createLogger>): ApiDependencies {
  const { baseModelsDirectory, baseModelCacheDirectory, objectStore, webhookNetworks = [], sweep } = options;
  const metrics = options.metrics ?? createMetrics();
  const folders = new BaseModelFolders({ directory: baseModelsDirectory, cacheDirectory: baseModelCacheDirectory, objectStore, log });
  return {
    ...options,
    metrics,
    baseModels: createBaseModelCatalog(folders, log),
    mayReach: createAddressPolicy(webhookNetworks),
    sweep: sweep ?? loadConfig({}).flow.sweep,
    projectEvents: new ProjectEventHub(options.database, log),
    imageDecoder: new ImageDecoder(),
    readiness: createServiceReadiness(options, { log, metrics }),
  };
}

function createServer({ trustedProxies }: ApiOptions, loggerInstance: FastifyBaseLogger): ApiServer {
  const app: ApiServer = Fastify({
    loggerInstance,
    logController: new LogController({ requestIdLogLabel: 'requestId' }),
    genReqId: () => `req_${randomUUID()}`,
    bodyLimit: JSON_BODY_LIMIT,
    frameworkErrors: handleError,
    clientErrorHandler: (error, socket) => answerConnectionError(error, socket, app.log),
    forceCloseConnections: 'idle',
    trustProxy: trustedProxies?.length ? trustedProxies : false,
    // A caller that has lost its network sends nothing more; its request ends and releases its resources.
    http: { keepAlive: true, keepAliveInitialDelay: PEER_SILENCE_MS },
  }).withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  return app;
}

function handleFailures(app: ApiServer, allowed: AllowedMethods): void {
  // Fastify checks the body of an unknown method before it finds that the route does not exist.
  app.setErrorHandler((error, request, reply) =>
    request.is404 || (isUnknownId(error) && allowed.takesNameForId(request.url.split('?')[0] ?? '', request.method))
      ? handleUnknownRoute(request, reply, allowed)
      : handleError(error, request, reply),
  );
  app.addHook('onRoute', (route) => allowed.add(route));
  app.setNotFoundHandler((request, reply) => handleUnknownRoute(request, reply, allowed));
}

/** Starts and stops background tasks with the server. */
async function followLife(app: ApiServer, { imageDecoder, database, projectEvents }: ApiDependencies): Promise<void> {
  app.addHook('onClose', async () => imageDecoder.close());
  const presence = await database.bePresent((error) =>
    app.log.warn({ err: error }, 'the database does not notify about revoked keys; every request queries it'),
  );
  app.addHook('onClose', () => presence.stop());
  let closing = false;
  app.addHook('preClose', async () => {
    closing = true;
    await projectEvents.close();
  });
  app.addHook('onSend', async (request, reply) => {
    reply.header('x-request-id', request.id);
    // A connection that is kept alive would delay the shutdown.
    if (closing) reply.header('connection', 'close');
  });
}

export async function buildApp(options: ApiOptions): Promise<ApiServer> {
  const log = createLogger({ name: 'api', level: options.logLevel, knowsRequest: true });
  const dependencies = createDependencies(options, log);
  const app = createServer(options, log);
  await registerCors(app, options.corsOrigins ?? []);
  const allowed = new AllowedMethods();
  const { bodyLimits = USUAL_BODY_LIMITS, maxConnections = MAX_CONNECTIONS } = options;
  app.server.maxConnections = maxConnections;
  registerBodyArrival(app, bodyLimits, allowed);
  handleFailures(app, allowed);
  await followLife(app, dependencies);
  registerSecurityHeaders(app);
  registerTelemetry(app, dependencies.metrics);
  registerBodyParser(app);

  await registerOpenApi(app);
  await app.register(multipart, {
    throwFileSizeLimit: false,
    limits: { fileSize: UPLOAD_LIMITS.zipBytes, files: UPLOAD_LIMITS.imagesPerDataset, parts: UPLOAD_LIMITS.parts, fieldSize: 8192 },
  });
  rootRoute(app, options.dashboard ? '/app' : '/docs');
  if (options.dashboard) await dashboardRoute(app, options.dashboard);
  errorDocsRoute(app);
  sharedReportRoute(app, dependencies);
  await uploadLinkRoute(app, dependencies);
  registerHealthRoutes(app, dependencies.readiness);
  registerServiceMetrics(app, dependencies);
  if (options.showsQueueBoard && options.queues) {
    const { registerQueueBoard } = await import('./plugins/queue-board.ts');
    await registerQueueBoard(app, options.database, options.queues);
  }
  await app.register(
    async (v1: ApiServer) => {
      registerAuthentication(v1, dependencies);
      if (dependencies.rateLimiter) registerRateLimit(v1, dependencies.rateLimiter);
      registerBodyBudget(v1, bodyLimits);
      registerContentNegotiation(v1);
      registerTextCheck(v1);
      registerIdempotency(v1, dependencies.database, dependencies.idempotencyLockMs);
      registerV1Routes(v1, dependencies);
    },
    { prefix: '/v1' },
  );
  await app.ready();
  return app;
}
