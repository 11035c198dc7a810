// The key that is created at the first start of an installation.
import { clientOf } from '@styleforge/database/testing';
import { startTestDatabase } from '@styleforge/testing';
import type { TestDatabase } from '@styleforge/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';

let fixture: TestDatabase;
beforeAll(async () => {
  fixture = await startTestDatabase();
});
afterAll(() => fixture.close());

it('creates one first key with every scope, however many processes start at the same time', async () => {
  const { apiKeys } = fixture.database;
  const prisma = clientOf(fixture.database);
  const made = (await Promise.all(Array.from({ length: 4 }, () => apiKeys.createFirst()))).filter((first) => first !== null);
  expect(made).toHaveLength(1);
  expect(await apiKeys.identify(made[0]?.key ?? '')).toMatchObject({ scopes: ['read', 'write', 'admin'] });
  expect([await prisma.project.count(), await prisma.apiKey.count(), await apiKeys.createFirst()]).toEqual([1, 1, null]);
});
