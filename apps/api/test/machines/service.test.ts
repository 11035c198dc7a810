// What belongs to no resource: health, readiness, base models, OpenAPI, unknown paths, errors that hide their cause.
import { clientOf } from '@styleforge/database/testing';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildApp, startApi } from '@styleforge/api';
import { ERROR_CODES, ERRORS, FAILURE_CODES, FAILURES } from '@styleforge/contracts';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ObjectStore } from '@styleforge/storage';
import { diskSpaceCheck } from '@styleforge/telemetry';
import { createDataset, startApiFixture } from '../api-fixture.ts';
import type { ApiFixture } from '../api-fixture.ts';

let api: ApiFixture;
beforeAll(async () => {
  api = await startApiFixture();
});
afterAll(() => api.close());

const refuse = () => Promise.reject(new Error('read-only'));
const readOnly: ObjectStore = {
  put: refuse,
  get: refuse,
  getStream: refuse,
  head: refuse,
  list: () => (async function* () {})(),
  delete: refuse,
  deletePrefix: refuse,
  move: refuse,
};

type Operation = {
  security?: unknown;
  responses: Record<string, { content?: Record<string, { schema: { $ref?: string } }> }>;
  requestBody?: { content: Record<string, { schema: { $ref?: string } }> };
};
type OpenApi = {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, { properties?: Record<string, { enum?: string[] }> }> };
};

describe('health', () => {
  it('is alive without a key, and ready while its dependencies respond', async () => {
    expect((await api.app.inject('/healthz')).json()).toEqual({ status: 'ok' });
    const ready = await api.app.inject('/readyz');
    expect(ready.statusCode).toBe(200);
    const up = { status: 'up', latency_ms: expect.any(Number) as number };
    expect(ready.json()).toEqual({ status: 'ready', dependencies: { database: up, migrations: up, object_store: up } });
  });

  it('is not ready when one dependency is down, and does not say why in public', async () => {
    const readinessChecks = { queue: () => Promise.reject(new Error('secret address')) };
    const app = await buildApp({ ...api.options, readinessChecks });
    const answer = await app.inject('/readyz');
    expect(answer.statusCode).toBe(503);
    expect(answer.json()).toMatchObject({ status: 'not_ready', dependencies: { queue: { status: 'down' }, database: { status: 'up' } } });
    expect(answer.body).not.toContain('secret');
    await app.close();
  });

  it('checks database and queue once, however many ask without a key', async () => {
    const queue = vi.fn(() => Promise.resolve());
    const counts = vi.spyOn(api.database.operations, 'countByStatus');
    const app = await buildApp({ ...api.options, readinessChecks: { queue } });
    const answers = await Promise.all(Array.from({ length: 40 }, (_, index) => app.inject(index % 2 ? '/metrics' : '/readyz')));
    expect(new Set(answers.map(({ statusCode }) => statusCode))).toEqual(new Set([200]));
    expect([queue.mock.calls.length, counts.mock.calls.length]).toEqual([1, 1]);
    counts.mockRestore();
    await app.close();
  });
});

describe('readiness', () => {
  it('is refused if the database lacks a migration, with a remedy', async () => {
    const operations = { ...api.database.operations, missingMigrations: async () => ['99990101000000_next'] };
    const app = await buildApp({ ...api.options, database: { ...api.database, operations } });
    const answer = await app.inject('/readyz');
    expect(answer.statusCode).toBe(503);
    expect(answer.json()).toMatchObject({
      dependencies: {
        migrations: { status: 'down', detail: expect.stringMatching(/lacks 1 of .* run the migrations job/) },
        database: { status: 'up' },
      },
    });
    await app.close();
  });

  it('is refused if the store cannot be written or the disk is full', async () => {
    const objectStore: ObjectStore = { ...readOnly, head: (key) => api.objectStore.head(key) };
    const readinessChecks = { disk_space: diskSpaceCheck('.', Number.MAX_SAFE_INTEGER) };
    const app = await buildApp({ ...api.options, objectStore, readinessChecks });
    const answer = await app.inject('/readyz');
    expect([answer.statusCode, answer.json()]).toMatchObject([
      503,
      {
        dependencies: {
          object_store: { status: 'down' },
          disk_space: { status: 'down', detail: expect.stringMatching(/^\d+ MB are free, MIN_FREE_DISK_MB requires/) },
        },
      },
    ]);
    await app.close();
  });
});

describe('GET /v1/base-models', () => {
  it('returns licence, source, geometry and defaults', async () => {
    const { body } = await api.call<{ data: object[] }>('GET', '/v1/base-models');
    expect(body.data).toMatchObject([
      {
        name: 'tiny',
        license: 'apache-2.0',
        source: 'hf:example/tiny',
        resolution: 64,
        geometry: {
          latent_channels: 4,
          latent_scale: 4,
          training_size_multiple: 16,
          cross_attention_dim: 48,
          text_max_length: 77,
          prediction_type: 'epsilon',
        },
        defaults: { learning_rate: 2e-5, max_train_steps: 300, resolution: 64 },
        auxiliary_prompt: 'a picture of style',
      },
    ]);
  });
});

describe('OpenAPI', () => {
  it('describes every route with named components, errors and the need of a key', async () => {
    const document = (await api.app.inject('/openapi.json')).json<OpenApi>();
    expect(document.openapi).toBe('3.1.0');
    expect(Object.keys(document.paths).sort()).toEqual([
      '/healthz',
      '/readyz',
      '/v1/api-keys',
      '/v1/api-keys/{id}',
      '/v1/api-keys/{id}/revoke',
      '/v1/base-models',
      '/v1/base-models/{id}',
      '/v1/checkpoints/{id}',
      '/v1/checkpoints/{id}/download',
      '/v1/checkpoints/{id}/extract-lora',
      '/v1/datasets',
      '/v1/datasets/{id}',
      '/v1/datasets/{id}/captions',
      '/v1/datasets/{id}/images',
      '/v1/datasets/{id}/import',
      '/v1/evaluations',
      '/v1/evaluations/{id}',
      '/v1/evaluations/{id}/cancel',
      '/v1/evaluations/{id}/images',
      '/v1/evaluations/{id}/images/{model}/{index}',
      '/v1/evaluations/{id}/images/{model}/{index}/thumbnail',
      '/v1/evaluations/{id}/report',
      '/v1/evaluations/{id}/votes',
      '/v1/events',
      '/v1/exports/{id}',
      '/v1/images',
      '/v1/images/generations',
      '/v1/images/generations/{id}',
      '/v1/images/generations/{id}/cancel',
      '/v1/images/generations/{id}/events',
      '/v1/images/{id}',
      '/v1/me',
      '/v1/metrics',
      '/v1/models',
      '/v1/models/upload',
      '/v1/models/{name}',
      '/v1/models/{name}/aliases/{alias}',
      '/v1/models/{name}/cover',
      '/v1/models/{name}/versions',
      '/v1/models/{name}/versions/{version}',
      '/v1/models/{name}/versions/{version}/file',
      '/v1/presets',
      '/v1/prompt-sets',
      '/v1/prompt-sets/{id}',
      '/v1/queue',
      '/v1/reports/{id}/share',
      '/v1/reports/{id}/share/{share_id}',
      '/v1/session',
      '/v1/studies',
      '/v1/studies/{id}',
      '/v1/studies/{id}/cancel',
      '/v1/system',
      '/v1/system/sweep',
      '/v1/thumbnails/{id}',
      '/v1/training-jobs',
      '/v1/training-jobs/check',
      '/v1/training-jobs/{id}',
      '/v1/training-jobs/{id}/cancel',
      '/v1/training-jobs/{id}/checkpoint',
      '/v1/training-jobs/{id}/checkpoints',
      '/v1/training-jobs/{id}/checkpoints/{checkpoint_id}/files/{path}',
      '/v1/training-jobs/{id}/events',
      '/v1/training-jobs/{id}/feedback',
      '/v1/training-jobs/{id}/images',
      '/v1/training-jobs/{id}/images/{step}/{index}',
      '/v1/training-jobs/{id}/images/{step}/{index}/thumbnail',
      '/v1/training-jobs/{id}/metrics',
      '/v1/training-jobs/{id}/pause',
      '/v1/training-jobs/{id}/report',
      '/v1/training-jobs/{id}/resume',
      '/v1/training-jobs/{id}/sample',
      '/v1/training-jobs/{id}/worker-log',
      '/v1/uploads',
      '/v1/usage',
      '/v1/webhooks',
      '/v1/webhooks/{id}',
      '/v1/webhooks/{id}/deliveries',
      '/v1/webhooks/{id}/deliveries/{delivery_id}/redeliver',
      '/v1/webhooks/{id}/rotate-secret',
      '/v1/webhooks/{id}/test',
      '/v1/workers',
      '/v1/workers/{id}',
      '/v1/workers/{id}/drain',
      '/v1/workers/{id}/undrain',
    ]);
    const create = document.paths['/v1/training-jobs']?.['post'];
    expect(create?.requestBody?.content['application/json']?.schema.$ref).toMatch(/^#\/components\/schemas\/CreateTrainingJobRequest/);
    expect(create?.responses['202']?.content?.['application/json']?.schema.$ref).toBe('#/components/schemas/TrainingJob');
    for (const [path, operations] of Object.entries(document.paths)) {
      if (!path.startsWith('/v1/')) continue;
      for (const operation of Object.values(operations)) {
        const scope = (operation.security as { apiKey: string[] }[] | undefined)?.[0]?.apiKey[0];
        expect(scope).toMatch(/^(read|write|admin)$/);
        expect(operation.security).toEqual([{ apiKey: [scope] }, { session: [scope] }]);
        expect(operation.responses['401']?.content?.['application/problem+json']?.schema.$ref).toBe('#/components/schemas/Problem');
      }
    }
    expect(document.components.schemas['Problem']?.properties?.['code']?.enum).toEqual(ERROR_CODES);
  });

  it('resolves every reference', async () => {
    const document = (await api.app.inject('/openapi.json')).json<OpenApi>();
    const references = JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"]+)"/g);
    const missing = [...references].map(([, name = '']) => name).filter((name) => !(name in document.components.schemas));
    expect(missing).toEqual([]);
  });

  it('describes every error code under the address in its type, and in the documentation', async () => {
    const page = await api.app.inject('/docs/errors');
    const document = await readFile(new URL('../../../../docs/errors.md', import.meta.url), 'utf8');
    for (const code of ERROR_CODES) {
      const { status, title, remedy } = ERRORS[code];
      expect(page.body).toContain(`id="${code}"`);
      expect(document).toContain(`| \`${code}\` | ${status} | ${title} | ${remedy} |`);
    }
    for (const [code, remedy] of Object.entries(FAILURES)) {
      expect(page.body).toContain(`id="failure-${code}"`);
      expect(document).toContain(`| \`${code}\` | ${remedy} |`);
    }
    expect(document.match(/^\| `/gm)).toHaveLength(ERROR_CODES.length + FAILURE_CODES.length);
  });

  it('has readable docs', async () => {
    const docs = await api.app.inject('/docs/');
    expect([docs.statusCode, docs.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    const browser = await api.app.inject({ url: '/', headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } });
    expect([browser.statusCode, browser.headers['location']]).toEqual([302, '/docs']);
    expect((await api.app.inject({ url: '/', headers: { accept: '*/*' } })).json()).toMatchObject({ status: 404, code: 'not_found' });
  });
});

describe('errors', () => {
  it('responds to unknown paths with a problem that contains the request id', async () => {
    const answer = await api.app.inject('/nowhere?x=1');
    expect(answer.statusCode).toBe(404);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(answer.json()).toMatchObject({ code: 'not_found', instance: '/nowhere', request_id: answer.headers['x-request-id'] });
  });

  it('hides the inner cause of a failure', async () => {
    const broken = { ...api.database, datasets: { ...api.database.datasets, list: () => Promise.reject(new Error('password=hunter2')) } };
    const app = await buildApp({ ...api.options, database: broken });
    const answer = await app.inject({ url: '/v1/datasets', headers: { authorization: `Bearer ${api.key}` } });
    expect([answer.statusCode, answer.json()['code']]).toEqual([500, 'internal_error']);
    expect(answer.body).not.toContain('hunter2');
    await app.close();
  });
});

describe('startApi', () => {
  it('listens on a free port and stops', async () => {
    const running = await startApi({ ...api.options, host: '127.0.0.1', port: 0 });
    expect(running.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect((await fetch(`${running.url}/healthz`)).status).toBe(200);
    await running.close();
    await expect(fetch(`${running.url}/healthz`)).rejects.toThrow();
  });

  it('ends event streams when it stops', async () => {
    const running = await startApi({ ...api.options, host: '127.0.0.1', port: 0 });
    const datasetId = await createDataset(api, 'style_ref');
    const job = await api.call('POST', '/v1/training-jobs', {
      body: { method: 'single-styleforge', base_model: 'tiny', style_ref: { dataset_id: datasetId } },
    });
    const headers = { authorization: `Bearer ${api.key}`, accept: 'text/event-stream' };
    const stream = await fetch(`${running.url}/v1/training-jobs/${String(job.body['id'])}/events`, { headers });
    const reader = stream.body?.getReader();
    expect(new TextDecoder().decode((await reader?.read())?.value)).toContain('event: job.queued');
    const closed = running.close();
    expect(await reader?.read()).toMatchObject({ done: true });
    await closed;
  });

  it('sends the existing images to callers that wait for more when it stops', async () => {
    const running = await startApi({ ...api.options, host: '127.0.0.1', port: 0 });
    const headers = { authorization: `Bearer ${api.key}`, 'content-type': 'application/json' };
    const answer = fetch(`${running.url}/v1/images/generations`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ model: 'tiny', prompts: ['a cat'], wait: 60 }),
    });
    while ((await clientOf(api.database).generation.count()) === 0) await sleep(20);
    await running.close();
    const { status, body } = await answer.then(async (given) => ({ status: given.status, body: (await given.json()) as object }));
    expect([status, body]).toMatchObject([202, { status: 'queued', images: [] }]);
    // Less than the wait that was asked for.
  }, 45_000);

  it('responds to an upload that is refused half-way, and continues to serve', async () => {
    const running = await startApi({ ...api.options, host: '127.0.0.1', port: 0 });
    const datasetId = await createDataset(api, 'style_ref', []);
    const form = new FormData();
    form.append('colour', 'red');
    for (let index = 0; index < 4; index++) form.append('images', new Blob([new Uint8Array(8 * 1024 * 1024)]), `${index}.png`);
    const headers = { authorization: `Bearer ${api.key}` };
    const answer = await fetch(`${running.url}/v1/datasets/${datasetId}/images`, { method: 'POST', headers, body: form });
    expect([answer.status, await answer.json()]).toMatchObject([422, { code: 'validation_failed', errors: [{ pointer: '/colour' }] }]);
    expect((await fetch(`${running.url}/readyz`)).status).toBe(200);
    await running.close();
  });
});
