// Generates the OpenAPI document of the current routes without a database or object store.
import { tmpdir } from 'node:os';
import { createDatabase } from '@styleforge/database';
import { FileObjectStore } from '@styleforge/storage';
import { buildApp } from '../app.ts';

/** Placeholder for a database URL; nothing connects to it. */
const NO_DATABASE = 'postgres://nobody@127.0.0.1:1/none';

export async function openApiDocument(): Promise<object> {
  const database = { ...createDatabase(NO_DATABASE), bePresent: async () => ({ stop: async () => undefined }) };
  const directory = tmpdir();
  const app = await buildApp({ database, objectStore: new FileObjectStore(directory), baseModelsDirectory: directory, logLevel: 'silent' });
  try {
    return app.swagger();
  } finally {
    await app.close();
    await database.close();
  }
}
