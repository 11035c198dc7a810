// Training jobs under an Idempotency-Key.
import { clientOf } from '@styleforge/database/testing';
import { type TrainingJobBody } from '@styleforge/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { api, request, setUp, tearDown } from './job-fixture.ts';

beforeAll(setUp);
afterAll(tearDown);

describe('Idempotency-Key', () => {
  const send = (key: string, body: object) =>
    api.call<TrainingJobBody>('POST', '/v1/training-jobs', { body, headers: { 'idempotency-key': key } });

  it('creates one job from fifty concurrent requests', async () => {
    const before = await api.database.outbox.count();
    const answers = await Promise.all(Array.from({ length: 50 }, () => send('fifty', request())));
    const made = answers.filter(({ status }) => status === 202);
    const waiting = answers.filter(({ status }) => status === 409);
    expect(made.length + waiting.length).toBe(50);
    expect(made.length).toBeGreaterThanOrEqual(1);
    expect(new Set(made.map(({ body }) => body.id)).size).toBe(1);
    expect(await api.database.outbox.count()).toBe(before + 1);
  });

  it('sends the first response again, and refuses the key for another body', async () => {
    const body = request({ hyperparameters: { max_train_steps: 5 } });
    const first = await send('again', body);
    await api.call('POST', `/v1/training-jobs/${first.body.id}/cancel`);
    const second = await send('again', Object.fromEntries(Object.entries(body).reverse()));
    expect([second.status, second.body, second.headers['location']]).toEqual([202, first.body, first.headers['location']]);
    expect(second.headers['idempotency-replayed']).toBe('true');
    const other = await send('again', request({ hyperparameters: { max_train_steps: 6 } }));
    expect([other.status, other.body]).toMatchObject([422, { code: 'idempotency_key_reused' }]);
  });

  it('keeps a response for a day, and accepts the key for another request afterwards', async () => {
    const first = await send('a day', request());
    const where = { projectId_key: { projectId: api.projectId, key: 'a day' } };
    const { createdAt, expiresAt } = await clientOf(api.database).idempotencyKey.findUniqueOrThrow({ where });
    expect(Math.round((expiresAt.getTime() - createdAt.getTime()) / 60_000)).toBe(24 * 60);
    await clientOf(api.database).idempotencyKey.update({ where, data: { expiresAt: new Date(Date.now() - 1) } });
    const second = await send('a day', request({ suffix: 'another' }));
    expect([second.status, second.headers['idempotency-replayed']]).toEqual([202, undefined]);
    expect(second.body.id).not.toBe(first.body.id);
  });

  it('does not store refusals', async () => {
    expect((await send('refused', request({ base_model: 'none-such' }))).status).toBe(422);
    expect((await send('refused', request({ hyperparameters: { max_train_steps: 0 } }))).status).toBe(422);
    expect((await send('refused', request())).status).toBe(202);
  });

  it('lets the next request take over from a process that died, without a second job', async () => {
    const decision = await api.database.idempotencyKeys.begin(api.projectId, 'died', 'hash', 60_000);
    if (decision.kind !== 'run') throw new Error('the key should be free');
    expect(await api.database.idempotencyKeys.begin(api.projectId, 'died', 'hash', 60_000)).toEqual({ kind: 'in_progress' });
    await clientOf(api.database).idempotencyKey.updateMany({ where: { key: 'died' }, data: { lockedUntil: new Date(0) } });
    expect(await api.database.idempotencyKeys.begin(api.projectId, 'died', 'hash', 60_000)).toMatchObject({
      kind: 'run',
      reservedUuid: decision.reservedUuid,
    });
  });
});
