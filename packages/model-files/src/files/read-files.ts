// Reads the small files of a model's folder. A file that cannot be read is a ModelFileError with the reason.
import { access, readFile, stat } from 'node:fs/promises';
import { foreignFile } from './foreign-file.ts';
import { ModelFileError } from './model-file-error.ts';
import { parsePythonJson } from './python-json.ts';

export type JsonObject = Record<string, unknown>;

/** Maximum size: configs have a few kilobytes, tokenizers a few megabytes. */
const MOST_BYTES = 64 * 1024 * 1024;

export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function readSmall(path: string): Promise<string> {
  const { size } = await stat(path);
  if (size > MOST_BYTES) throw new ModelFileError(path, `has ${size} bytes; a file of this kind has at most ${MOST_BYTES}`);
  return readFile(path, 'utf8');
}

const isMissing = (error: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');

/** The text of a file, undefined if there is none. Refuses foreign files that were downloaded instead. */
export async function readTextIfThere(path: string): Promise<string | undefined> {
  try {
    const text = await readSmall(path);
    const stranger = foreignFile(text);
    if (stranger) throw new ModelFileError(path, `is ${stranger.is}: ${stranger.remedy}`);
    return text;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function parseObject(path: string, text: string): JsonObject {
  let value: unknown;
  try {
    value = parsePythonJson(text);
  } catch (cause) {
    throw new ModelFileError(path, `is not valid JSON (${(cause as Error).message})`, { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new ModelFileError(path, 'must contain a JSON object');
  return value as JsonObject;
}

export async function readJsonIfThere(path: string): Promise<JsonObject | undefined> {
  const text = await readTextIfThere(path);
  return text === undefined ? undefined : parseObject(path, text);
}

export async function readJson(path: string): Promise<JsonObject> {
  const value = await readJsonIfThere(path);
  if (value === undefined) throw new ModelFileError(path, 'is missing');
  return value;
}
