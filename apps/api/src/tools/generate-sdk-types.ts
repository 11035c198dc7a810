// `npm run sdk:generate`: writes the SDK's types and the generated part of the Python client after a route or a body has changed.
import { mkdir, writeFile } from 'node:fs/promises';
import { PYTHON_CLIENT, pythonClient } from './python-client/python-client.ts';
import { SDK_TYPES_FILE, sdkTypes } from './sdk-types.ts';

await writeFile(SDK_TYPES_FILE, await sdkTypes());
await mkdir(PYTHON_CLIENT, { recursive: true });
for (const [name, content] of Object.entries(await pythonClient())) await writeFile(new URL(name, PYTHON_CLIENT), content);
