// `npm run sdk:generate`: writes the SDK's types anew after a route or a body has changed.
import { writeFile } from 'node:fs/promises';
import { SDK_TYPES_FILE, sdkTypes } from './sdk-types.ts';

await writeFile(SDK_TYPES_FILE, await sdkTypes());
