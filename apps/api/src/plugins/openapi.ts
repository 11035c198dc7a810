// Serves OpenAPI 3.1 at /openapi.json, generated from the routes' schemas, and a readable page at /docs.
import swagger from '@fastify/swagger';
import { VERSION, SESSION_COOKIE } from '@styleforge/contracts';
import type { FastifySchema, RouteOptions } from 'fastify';
import type { OpenAPIV3_1 } from 'openapi-types';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { ApiServer } from '../http/api-server.ts';
import { describeFields } from './openapi-descriptions.ts';
import { describeRoute } from './openapi-operation.ts';
import { nameSchemasOnce } from './openapi-schemas.ts';
import { registerReferencePage } from './reference-page.ts';

const INFO = {
  title: 'StyleForge',
  version: VERSION,
  description: [
    'Fine-tunes text-to-image models to an artistic style. Upload images of the style (StyleRef) and of other ' +
      'styles (Aux), create a training job, follow it,',
    'and generate images with the trained model. Training, generation, evaluation and export are queued: the ' +
      'response is 202 with an id to follow.',
    '',
    '- **Key**: send `Authorization: Bearer sf_...`. The scope `read` allows GET requests, `write` everything ' +
      'else, `admin` also keys and workers.',
    '- **Errors** are `application/problem+json`: `code` is stable, `detail` says what is wrong, `errors` lists ' +
      'each wrong field; [/docs/errors](/docs/errors) says for each code what to do.',
    '- **Lists** are newest first. Send the `next` of a page as `after` to get the next page.',
    '- **Repeating a POST**: with an `Idempotency-Key`, the same request within 24 hours gets the first response ' +
      'again and creates nothing twice.',
    '- **Units**: times are ISO 8601 in UTC, durations are seconds, sizes are bytes, lengths of images are ' +
      'pixels, unless a field says otherwise.',
  ].join('\n'),
  license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
};

/** Tags with their descriptions, in the order in which a reader needs them. */
const TAGS: Record<string, string> = {
  session: 'Sign a browser in and out, and read who the caller is.',
  datasets: 'Upload images of a style (StyleRef) and auxiliary images (Aux), and edit their captions and components.',
  'base models': 'List the models that this installation can train.',
  'training jobs': 'Create, follow, pause and resume training jobs, and read their results.',
  models: 'Give trained models names, versions and aliases.',
  checkpoints: 'Read and delete the saved states of a training.',
  evaluations: 'Measure models against reference images, and read the report.',
  reports: 'Share the report of an evaluation by a link that anybody can open.',
  studies: 'Train variations of one job and compare them.',
  'prompt sets': 'Keep named, versioned lists of prompts.',
  generations: 'Generate images with a base model, a checkpoint or a trained model.',
  images: 'Read, star, label and delete single images of any kind.',
  events: 'Follow everything that happens in the project.',
  webhooks: 'Have events sent to a URL, and read the log of deliveries.',
  'API keys': 'Create, list and revoke API keys.',
  machines: 'See the workers, the queues and the state of the installation; drain a worker.',
  usage: 'Read what the project has used in a month.',
  service: 'Health and readiness of the service.',
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
  const withOptionalBody = new Set<string>();
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: INFO,
      servers: [{ url: '/' }],
      tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
      components: { securitySchemes: SECURITY_SCHEMES },
    },
    transform: (document) => {
      const { schema, url, route } = document as { schema?: FastifySchema; url: string; route: RouteOptions };
      if (schema?.body instanceof z.ZodType && schema.body.safeParse(undefined).success) withOptionalBody.add(schema.operationId ?? '');
      return jsonSchemaTransform((schema ? { ...document, ...describeRoute(schema, url, route) } : document) as typeof document);
    },
    transformObject: (document) =>
      markOptionalBodies(describeFields(nameSchemasOnce(jsonSchemaTransformObject(document) as OpenAPIV3_1.Document)), withOptionalBody),
  });
  await registerReferencePage(app);
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());
}

/** Marks optional bodies as optional, because the plugin marks every body as required. */
function markOptionalBodies(document: OpenAPIV3_1.Document, operationIds: ReadonlySet<string>): OpenAPIV3_1.Document {
  for (const path of Object.values(document.paths ?? {}))
    for (const operation of Object.values(path ?? {}) as OpenAPIV3_1.OperationObject[])
      if (operation.requestBody && 'content' in operation.requestBody && operationIds.has(operation.operationId ?? ''))
        operation.requestBody.required = false;
  return document;
}
