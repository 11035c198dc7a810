// The clients' generated parts are those of the routes as they are now.
import { readdir, readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { PYTHON_CLIENT, pythonClient } from '../../src/tools/python-client/python-client.ts';
import { SDK_TYPES_FILE, sdkTypes } from '../../src/tools/sdk-types.ts';

const REMEDY = 'a route or a body has changed: run `npm run sdk:generate` and commit';

it("the SDK's types are up to date", async () => {
  const isCurrent = (await readFile(SDK_TYPES_FILE, 'utf8')) === (await sdkTypes());
  expect(isCurrent, `${REMEDY} packages/sdk/src/generated`).toBe(true);
});

it('the Python client is up to date', async () => {
  const files = await pythonClient();
  expect((await readdir(PYTHON_CLIENT)).filter((name) => name.endsWith('.py')).sort()).toEqual(Object.keys(files).sort());
  for (const [name, content] of Object.entries(files)) {
    const isCurrent = (await readFile(new URL(name, PYTHON_CLIENT), 'utf8')) === content;
    expect(isCurrent, `${name}: ${REMEDY} clients/python/src/styleforge/_generated`).toBe(true);
  }
});
