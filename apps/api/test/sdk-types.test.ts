// The SDK's types are those of the routes as they are now.
import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { SDK_TYPES_FILE, sdkTypes } from '../src/tools/sdk-types.ts';

it('has the SDK up to date', async () => {
  const isCurrent = (await readFile(SDK_TYPES_FILE, 'utf8')) === (await sdkTypes());
  expect(isCurrent, 'a route or a body has changed: run `npm run sdk:generate` and commit packages/sdk/src/generated').toBe(true);
});
