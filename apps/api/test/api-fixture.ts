// The whole API on a real Postgres, with its queue and its object store on the backend that the test project names, and a base model's
// configuration files.
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buildApp } from '@styleforge/api';
import type { ApiOptions } from '@styleforge/api';
import type { Database } from '@styleforge/database';
import type { ObjectStore } from '@styleforge/storage';
import { startTestDatabase, type TestDatabase, writeBaseModelConfigs } from '@styleforge/testing';
import sharp from 'sharp';
import { type Backend, startBackend } from './backends.ts';

type Method = 'GET' | 'POST' | 'DELETE' | 'PUT' | 'PATCH';
type CallOptions = { body?: unknown; headers?: Record<string, string>; key?: string };
/** `linked`: from the object store, by a link. */
export type Answer<T> = { status: number; body: T; headers: Record<string, unknown>; bytes: Buffer; linked: boolean };

export type ApiFixture = {
  app: Awaited<ReturnType<typeof buildApp>>;
  database: Database;
  databaseUrl: string;
  objectStore: ObjectStore;
  queueConnection: Backend['queueConnection'];
  options: ApiOptions;
  /** Where requests put their files while they are under way. */
  uploadDirectory: string;
  projectId: string;
  key: string;
  /** Follows the links that lead to the object store. Types are the tests' own claim about the body; the assertions check it. */
  call<T = Record<string, unknown>>(method: Method, url: string, options?: CallOptions): Promise<Answer<T>>;
  close(): Promise<void>;
};

export async function startApiFixture(): Promise<ApiFixture> {
  const testDatabase: TestDatabase = await startTestDatabase();
  const directory = await mkdtemp(path.join(tmpdir(), 'styleforge-api-'));
  const { database, databaseUrl } = testDatabase;
  const { objectStore, queueConnection, stop } = await startBackend({ databaseUrl, directory });
  const baseModelsDirectory = path.join(directory, 'models');
  await writeBaseModelConfigs(path.join(baseModelsDirectory, 'tiny'), profile);
  const uploadDirectory = path.join(directory, 'uploads');
  await mkdir(uploadDirectory);
  const options: ApiOptions = { database, objectStore, baseModelsDirectory, uploadDirectory, logLevel: 'silent' };
  const app = await buildApp(options);
  const { projectId } = await database.apiKeys.createProject('test');
  const { key } = await database.apiKeys.create(projectId, 'test');

  return {
    app,
    database,
    databaseUrl,
    objectStore,
    queueConnection,
    options,
    uploadDirectory,
    projectId,
    key,
    async call<T>(method: Method, url: string, { body, headers = {}, key: otherKey = key }: CallOptions = {}) {
      if (URL.canParse(url)) return follow<T>(url, headers);
      const authorization = `Bearer ${otherKey}`;
      const answer = await app.inject({
        method,
        url,
        headers: { authorization, ...headers },
        ...(body === undefined ? {} : { payload: body as object }),
      });
      if (answer.statusCode === 302) return follow<T>(String(answer.headers.location), headers);
      const isJson = /json/.test(String(answer.headers['content-type']));
      return {
        status: answer.statusCode,
        body: (isJson ? answer.json() : answer.body) as T,
        headers: answer.headers,
        bytes: answer.rawPayload,
        linked: false,
      };
    },
    async close() {
      await app.close();
      await stop();
      await testDatabase.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** A link to the object store: it works without the key. */
async function follow<T>(url: string, headers: Record<string, string>): Promise<Answer<T>> {
  const answer = await fetch(url, { headers });
  const bytes = Buffer.from(await answer.arrayBuffer());
  return { status: answer.status, body: bytes.toString() as T, headers: Object.fromEntries(answer.headers), bytes, linked: true };
}

/** What only some base models have. */
const profile = {
  'styleforge.json': {
    source: 'hf:example/tiny',
    resolution: 64,
    defaults: { learning_rate: 2e-5, max_train_steps: 300 },
    auxiliary_prompt: 'a picture of style',
    generation: { steps: 20 },
  },
  'README.md': '---\nlicense: apache-2.0\ntags: []\n---\n# tiny\n',
};

type Part = { field: string; value: string } | { file: string; bytes: Uint8Array; type: string };

/** A multipart body, written out by hand so that tests can send what a well-behaved client would not. */
export function multipartBody(parts: Part[]): { body: Buffer; headers: Record<string, string> } {
  const boundary = 'styleforge-test-boundary';
  const chunks = parts.flatMap((part) => {
    const name = 'field' in part ? `name="${part.field}"` : `name="images"; filename="${part.file}"\r\nContent-Type: ${part.type}`;
    const content = 'field' in part ? Buffer.from(part.value) : Buffer.from(part.bytes);
    return [Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; ${name}\r\n\r\n`), content, Buffer.from('\r\n')];
  });
  return {
    body: Buffer.concat([...chunks, Buffer.from(`--${boundary}--\r\n`)]),
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
  };
}

/** An image of noise; each seed gives another one. */
export async function picture(seed: number, format: 'png' | 'jpeg' | 'webp' = 'png', size = 24): Promise<Buffer> {
  let state = seed * 2654435761 + 1;
  const pixels = Uint8Array.from({ length: size * size * 3 }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
  return sharp(pixels, { raw: { width: size, height: size, channels: 3 } })
    .toFormat(format)
    .toBuffer();
}

type UploadPart = { component?: string; seeds: number[] };

/** A dataset with one image for each seed, as large as the base model's resolution; by default with as many as a training needs. */
export async function createDataset(
  fixture: ApiFixture,
  kind: 'style_ref' | 'aux',
  uploads: UploadPart[] = [{ seeds: [1, 2, 3] }],
): Promise<string> {
  const { body } = await fixture.call<{ id: string }>('POST', '/v1/datasets', { body: { name: `${kind} pictures`, kind } });
  const parts: Part[] = [];
  for (const { component, seeds } of uploads) {
    parts.push({ field: 'component', value: component ?? '' });
    for (const seed of seeds)
      parts.push({ file: `${seed}.png`, bytes: await picture(seed, 'png', profile['styleforge.json'].resolution), type: 'image/png' });
  }
  if (parts.some((part) => 'file' in part)) await fixture.call('POST', `/v1/datasets/${body.id}/images`, multipartBody(parts));
  return body.id;
}
