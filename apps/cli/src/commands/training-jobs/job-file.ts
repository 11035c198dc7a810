// Builds the body of a request from a YAML or JSON file and from flags; flags override the file.
import { counted } from '@styleforge/contracts';
import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { inspectImages, refuseSmallImages, StyleForgeError } from '@styleforge/sdk';
import { parse } from 'yaml';
import type { Context } from '../../context.ts';
import { UsageError } from '../../exit-codes.ts';
import { readText } from '../../text-file.ts';
import { noteDuplicates, upload } from '../datasets/datasets.ts';

type Body = Record<string, unknown>;

export async function readBody(file: string): Promise<Body> {
  const source = await readText(file);
  let body: unknown;
  try {
    // JSON is valid YAML 1.2, so one parser reads both.
    body = parse(source);
  } catch (cause) {
    throw new UsageError(`${file} is neither YAML nor JSON: ${(cause as Error).message}`, { cause });
  }
  if (!isObject(body)) throw new UsageError(`${file} must contain an object with the fields of a request`);
  return body;
}

/** `hyperparameters.learning_rate=1e-5`: the value is read as YAML, so numbers are numbers. */
export function applySetting(body: Body, setting: string): void {
  const [, path, value] = /^([A-Za-z0-9_.]+)=(.*)$/s.exec(setting) ?? [];
  if (path === undefined || value === undefined)
    throw new UsageError(`--set ${setting}: must be a field, = and a value, such as hyperparameters.seed=7`);
  setField(body, path, parseValue(setting, value));
}

function parseValue(setting: string, value: string): unknown {
  try {
    return parse(value);
  } catch (cause) {
    throw new UsageError(`--set ${setting}: the value is neither YAML nor JSON: ${(cause as Error).message}`, { cause });
  }
}

/** Parses `team=red`: the key may contain dots, and the value any characters. */
export function addMetadata(body: Body, pair: string): void {
  const [, key, value] = /^([^=]+)=(.*)$/s.exec(pair) ?? [];
  if (key === undefined || value === undefined) throw new UsageError(`--metadata ${pair}: must be a key, = and a value, such as team=red`);
  body['metadata'] = { ...(isObject(body['metadata']) ? body['metadata'] : {}), [key]: value };
}

/** Sets a field; an undefined value leaves it unchanged. */
export function setField(body: Body, path: string, value: unknown): void {
  if (value === undefined) return;
  const names = path.split('.');
  const last = names.pop() ?? '';
  let target = body;
  for (const name of names) {
    const inner = target[name];
    target = (isObject(inner) ? inner : (target[name] = {})) as Body;
  }
  target[last] = value;
}

const isDatasetId = (value: string): boolean => /^ds_[0-9a-f-]{36}$/.test(value);

/** Checks a dataset of a job file before anything is sent. Throws if it is neither an id nor an existing folder or file. */
export async function checkDataset(value: string | undefined): Promise<void> {
  if (value === undefined || isDatasetId(value)) return;
  const found = await stat(value).catch(() => undefined);
  if (!found) throw new UsageError(`${value} is neither the id of a dataset (ds_...) nor a folder or file`);
}

/** Reads the headers of a folder's images. Throws if some are too small, and warns of duplicates. */
export async function inspectFolder({ output }: Context, value: string | undefined, resolution: number): Promise<void> {
  if (value === undefined || isDatasetId(value)) return;
  noteDuplicates(output, await inspectImages(value));
  await refuseSmallImages(value, resolution).catch((cause: unknown) => {
    throw cause instanceof StyleForgeError ? new UsageError(cause.message, { cause }) : cause;
  });
}

/** Returns the id of a dataset; creates a new dataset from a folder. */
export async function datasetOf(context: Context, value: string, kind: 'style_ref' | 'aux'): Promise<string> {
  if (isDatasetId(value)) return value;
  await checkDataset(value);
  const { id } = await context.client().datasets.create({ name: basename(resolve(value)), kind });
  const { kept, refused } = await upload(context, id, [value]);
  context.output.note(`${id}  ${counted(kept, 'image')} from ${value}${refused > 0 ? `, ${refused} refused` : ''}`);
  return id;
}

/** Sets the dataset of a part if it is given by id; a folder gets its id only after the upload. */
export function nameDataset(body: Body, part: 'style_ref' | 'aux', dataset: string | undefined): void {
  const { dataset_id: named, ...settings } = isObject(body[part]) ? body[part] : {};
  if (dataset !== undefined) body[part] = isDatasetId(dataset) ? { ...settings, dataset_id: dataset } : settings;
  else if (isObject(body[part]) && named === undefined)
    throw new UsageError(`${part} names no dataset: set its dataset_id, or pass --${part.replace('_', '-')} with an id or a folder`);
}

function isObject(value: unknown): value is Body {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
