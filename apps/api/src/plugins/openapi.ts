// OpenAPI 3.1 at /openapi.json, made from the routes' schemas, and readable docs at /docs.
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { VERSION, SESSION_COOKIE } from '@styleforge/contracts';
import type { FastifySchema, RouteOptions } from 'fastify';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import type { ApiServer } from '../http/api-server.ts';
import { completeOperation } from './openapi-operation.ts';

const INFO = {
  title: 'StyleForge',
  version: VERSION,
  description: 'Fine-tunes text-to-image diffusion models on an artistic style, as jobs over HTTP.',
};

const SECURITY_SCHEMES = {
  apiKey: { type: 'http', scheme: 'bearer', description: 'An API key: `sf_...`' },
  session: {
    type: 'apiKey',
    in: 'cookie',
    name: SESSION_COOKIE,
    description: 'A browser that has signed in with `POST /v1/session`. Every request but a GET also needs the header `X-CSRF-Token`.',
  },
} as const;

export async function registerOpenApi(app: ApiServer): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: INFO,
      servers: [{ url: '/' }],
      tags: ['datasets', 'base models', 'training jobs', 'studies', 'generations', 'images', 'API keys', 'service'].map((name) => ({
        name,
      })),
      components: { securitySchemes: SECURITY_SCHEMES },
    },
    transform: (document) => {
      const { schema, url, route } = document as { schema?: FastifySchema; url: string; route: RouteOptions };
      return jsonSchemaTransform((schema ? { ...document, schema: completeOperation(schema, url, route) } : document) as typeof document);
    },
    transformObject: jsonSchemaTransformObject,
  });
  await app.register(swaggerUi, { routePrefix: '/docs' });
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());
}
