// One job through the whole service, as its operators see it: one trace, logs with its ids in every process, and every metric.
import { clientOf } from '@styleforge/database/testing';
import { readFile, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createDatabase } from '@styleforge/database';
import { METRICS } from '@styleforge/telemetry';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestService } from './service.ts';
import { type ReceivedSpan, startTraceReceiver, type TraceReceiver } from './trace-receiver.ts';

/** A machine that is busy with other things may be ten times slower. */
const patience = 300_000;
const callerTrace = '4bf92f3577b34da6a3ce929d0e0e4736';
const callerSpan = '00f067aa0ba902b7';

let receiver: TraceReceiver;
let test: TestService;
let jobId: string;
let requestId: string;

beforeAll(async () => {
  receiver = await startTraceReceiver();
  test = await TestService.create(
    { tiny: {} },
    { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_EXPORTER_OTLP_HEADERS: 'x-key=secret', WORKER_PORT: '0', HOST: '0.0.0.0' },
  );
  const styleRef = await test.createDataset('style_ref', [0, 40, 80]);
  const created = await fetch(`${test.service.url}/v1/training-jobs`, {
    method: 'POST',
    headers: { ...test.authorization, 'content-type': 'application/json', traceparent: `00-${callerTrace}-${callerSpan}-01` },
    body: JSON.stringify({
      method: 'dreambooth',
      base_model: 'tiny',
      style_ref: { dataset_id: styleRef },
      hyperparameters: { resolution: 32, max_train_steps: 5, checkpointing_steps: 2 },
    }),
  });
  expect(created.status).toBe(202);
  jobId = ((await created.json()) as { id: string }).id;
  requestId = created.headers.get('x-request-id') ?? '';
  expect((await test.untilFinished(jobId)).status).toBe('succeeded');
}, patience);

afterAll(async () => {
  await test?.remove();
  await receiver.close();
});

async function untilReceived(name: string): Promise<ReceivedSpan[]> {
  const end = Date.now() + 60_000;
  for (;;) {
    const spans = receiver.spans.filter(({ traceId }) => traceId === callerTrace);
    if (spans.some((span) => span.name === name)) return spans;
    if (Date.now() > end) throw new Error(`no span ${name}; there are ${spans.map((span) => span.name).join(', ')}`);
    await sleep(100);
  }
}

describe('the trace of a job', () => {
  it('is one trace, from the request of a traced caller to single training steps in the child process', async () => {
    const spans = await untilReceived('job train');
    const names = spans.map(({ name }) => name);
    expect(names.filter((name) => name === 'training step')).toHaveLength(3);
    expect(names.filter((name) => name === 'checkpoint')).toHaveLength(3);
    const chain = (span: ReceivedSpan): string[] => {
      const above = spans.find(({ spanId }) => spanId === span.parentSpanId);
      return [`${span.service}: ${span.name}`, ...(above ? chain(above) : [String(span.parentSpanId)])];
    };
    const only = (name: string) => chain(spans.find((span) => span.name === name) as ReceivedSpan);
    const request = ['styleforge-api: POST /v1/training-jobs', callerSpan];
    const job = ['styleforge-worker: job train', 'styleforge-worker: outbox train', ...request];
    expect(only('queue train')).toEqual(['styleforge-worker: queue train', ...job.slice(1)]);
    expect(only('checkpoint')).toEqual(['styleforge-worker: checkpoint', ...job]);
    expect(only('training step')).toEqual(['styleforge-child: training step', 'styleforge-child: train in child', ...job]);
  });

  it('reaches the collector at its address, with the configured headers', () => {
    expect(receiver.headers.length).toBeGreaterThan(0);
    for (const headers of receiver.headers) expect(headers).toMatchObject({ path: '/v1/traces', 'x-key': 'secret' });
  });
});

const linesOf = async (file: string) =>
  (await readFile(join(test.service.logDirectory, file), 'utf8'))
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);

it('the ids of request and job are in the logs of every process', async () => {
  const api = await linesOf('api.log');
  const worker = await linesOf('worker.log');
  const says = (lines: Record<string, unknown>[], fields: object) => expect(lines).toContainEqual(expect.objectContaining(fields));
  says(api, { name: 'api', requestId, msg: 'request completed' });
  says(worker, { name: 'worker', requestId, jobId, msg: 'published' });
  says(worker, { name: 'worker', requestId, jobId, attempt: 1, traceId: callerTrace, msg: 'training job claimed' });
  says(worker, { name: 'worker', requestId, jobId, step: 4, msg: 'checkpoint saved' });
  says(worker, { name: 'child', requestId, jobId, attempt: 1, traceId: callerTrace, msg: 'the child process ends' });
});

it('the log has the cause of a 5xx under the request id of its response', async () => {
  const database = createDatabase(test.service.databaseUrl, { maxConnections: 1 });
  await clientOf(database).$executeRawUnsafe('alter table prompt_sets rename to prompt_sets_away');
  const answer = await test.request('GET', '/v1/prompt-sets');
  await clientOf(database).$executeRawUnsafe('alter table prompt_sets_away rename to prompt_sets');
  await database.close();
  const body = (await answer.json()) as { request_id: string };
  expect([answer.status, answer.headers.get('x-request-id'), body]).toMatchObject([500, body.request_id, { code: 'internal_error' }]);
  expect(JSON.stringify(body)).not.toMatch(/prompt_sets/);
  const line = (await linesOf('api.log')).find(({ requestId: id, msg }) => id === body.request_id && msg === 'request failed');
  expect(line).toMatchObject({ level: 50, err: { message: expect.stringContaining('prompt_sets') as string } });
});

describe('metrics', () => {
  const scrape = async (url: string) => (await fetch(`${url}/metrics`)).text();
  const workerUrl = async () => /"url":"([^"]+)","msg":"the status page is available"/.exec(await test.workerLog())?.[1] ?? '';

  it(
    'of API and worker together have a value for every metric of the table',
    async () => {
      await fetch(`${test.service.url}/readyz`);
      const generation = await test.call<{ id: string }>('POST', '/v1/images/generations', {
        model: jobId,
        prompts: ['a cat'],
        steps: 1,
        width: 32,
        height: 32,
      });
      await test.generated(generation.id);
      const text = `${await scrape(test.service.url)}\n${await scrape(await workerUrl())}`;
      const missing = Object.keys(METRICS).filter((name) => !new RegExp(`^${name}(_count)?(\\{.*\\})? [0-9.e+-]+$`, 'm').test(text));
      // No job has failed yet.
      expect(missing).toEqual(['styleforge_job_failures_total']);
      expect(text).toMatch(/^styleforge_jobs\{kind="training_job",status="succeeded"\} 1$/m);
      expect(text).toMatch(/^styleforge_train_step_seconds_count\{method="dreambooth"\} 5$/m);
      expect(text).toMatch(/^styleforge_queue_wait_seconds_count\{queue="train"\} 1$/m);
      expect(text).toMatch(/^styleforge_http_request_duration_seconds_count\{method="POST",route="\/v1\/training-jobs",status="202"\} 1$/m);
      expect(text).not.toContain(jobId);
    },
    patience,
  );

  it(
    'count failures of every kind of work by their code',
    async () => {
      // The base model is damaged: whatever loads it fails. Nothing has loaded it for generation yet.
      await truncate(join(test.directory, 'models', 'tiny', 'unet', 'diffusion_pytorch_model.safetensors'), 1_000);
      const generation = await test.call<{ id: string }>('POST', '/v1/images/generations', { model: 'tiny', prompts: ['a cat'], steps: 1 });
      expect((await test.generated(generation.id)).status).toBe('failed');
      await test.call('POST', '/v1/evaluations', { model: 'tiny', prompts: ['a cat', 'a dog'], metrics: ['clip'] });
      const codes = async (queue: string) =>
        [
          ...(await scrape(await workerUrl())).matchAll(
            new RegExp(`^styleforge_job_failures_total\\{queue="${queue}",code="([a-z_]+)"\\} [1-9]`, 'gm'),
          ),
        ].map(([, code]) => code);
      await expect.poll(() => codes('evaluate'), { timeout: 60_000 }).toHaveLength(1);
      expect(await codes('generate')).toEqual(['unsupported_base_model']);
      expect(await codes('train')).toEqual([]);
    },
    patience,
  );

  it('and readiness of the worker are served on its own status page', async () => {
    const url = await workerUrl();
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const answer = await fetch(`${url}/readyz`);
    expect([answer.status, await answer.json()]).toMatchObject([
      200,
      {
        dependencies: {
          database: { status: 'up' },
          migrations: { status: 'up' },
          object_store: { status: 'up' },
          queue: { status: 'up' },
          disk_space: { status: 'up' },
        },
      },
    ]);
  });
});
