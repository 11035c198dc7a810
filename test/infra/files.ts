// The files of infra/, as the tests of it read them.
import { readFile, readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { environmentSchema } from '@styleforge/config';
import { parseAllDocuments } from 'yaml';

export const repository = fileURLToPath(new URL('../../', import.meta.url));
export const readText = (path: string) => readFile(repository + path, 'utf8');
export const listFiles = async (folder: string) => (await readdir(repository + folder)).map((name) => `${folder}/${name}`);

export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string };
  data?: Record<string, string>;
  stringData?: Record<string, string>;
  spec: Record<string, unknown>;
}

export async function readYaml<Document>(path: string): Promise<Document[]> {
  return parseAllDocuments(await readText(path), { merge: true }).map((document) => {
    if (document.errors[0]) throw document.errors[0];
    return document.toJS() as Document;
  });
}

/** What a file sets and the service does not know: a misspelt setting would do nothing, silently. */
export const unknownSettings = (names: string[]) => names.filter((name) => !(name in environmentSchema.shape));
