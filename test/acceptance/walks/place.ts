// What the walks through the API start from, and the calls that several of them make.
import { discPicture } from '@styleforge/testing';
import { expect } from 'vitest';
import type { Answer, CallOptions, Client, Json } from '../client.ts';

export interface Place {
  client: Client;
  baseModel: { name: string; resolution: number };
  styleRef: string;
  aux: string;
  /** A job that has succeeded, with a report. */
  job: string;
}

export const PATIENCE = 400_000;
/** The metrics that the shipped extractor measures. */
export const MEASURED = { extractor: 'mini-clip', clip_extractor: 'mini-clip' };
export const ENDED = ['succeeded', 'failed', 'cancelled'];

/** The response of a request that succeeds. */
export async function ok(client: Client, method: string, path: string, options?: CallOptions): Promise<Answer> {
  const answer = await client.call(method, path, options);
  expect([method, path, answer.status < 300 ? 'ok' : answer.status, answer.status < 300 ? null : answer.body]).toEqual([
    method,
    path,
    'ok',
    null,
  ]);
  return answer;
}

export async function create(client: Client, path: string, body?: object | FormData): Promise<Json> {
  return (await ok(client, 'POST', path, body && { body })).body;
}

export async function succeeded(client: Client, path: string): Promise<Json> {
  const done = await client.until(path, ENDED, PATIENCE);
  expect(done).toMatchObject({ status: 'succeeded' });
  return done;
}

/** Listed, read, changed. */
export async function readAndChange(client: Client, collection: string, id: string, change: object): Promise<void> {
  const listed = (await ok(client, 'GET', `${collection}?limit=100`)).body['data'] as Record<string, unknown>[];
  expect(listed.map((one) => one['id'] === id || one['name'] === id)).toContain(true);
  expect((await ok(client, 'PATCH', `${collection}/${id}`, { body: change })).body).toMatchObject(change);
  expect((await ok(client, 'GET', `${collection}/${id}`)).body).toMatchObject(change);
}

export async function remove(client: Client, path: string): Promise<void> {
  expect((await ok(client, 'DELETE', path)).status).toBe(204);
  expect((await client.get(path)).status).toBe(404);
}

export async function newDataset(client: Client, kind: string, hues: number[]): Promise<string> {
  const { id } = await create(client, '/v1/datasets', { name: `acceptance ${kind}`, kind });
  const form = new FormData();
  for (const hue of hues) form.append('images', new Blob([await discPicture(hue)], { type: 'image/png' }), `${hue}.png`);
  expect(await create(client, `/v1/datasets/${id}/images`, form)).toMatchObject({ kept: hues.length, refused: 0 });
  return id;
}

/** A file that is made when asked for: the response names an export, which is waited for. */
export async function download(client: Client, path: string): Promise<Buffer> {
  const first = await client.get(path);
  if (first.status === 202) {
    const { id } = first.body;
    await client.until(`/v1/exports/${id}`, ['succeeded', 'failed'], PATIENCE);
  }
  const file = await client.get(path);
  expect([path, file.status]).toEqual([path, 200]);
  return file.bytes;
}
