// Replaces local-files.ts in browsers (package.json, `browser`).
import { StyleForgeError } from './errors.ts';

export async function* openLocalFiles(path: string): AsyncGenerator<never> {
  throw new StyleForgeError(`${path}: a browser cannot open paths; give a File, a Blob or bytes.`);
}
