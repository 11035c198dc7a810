// The safetensors header, parsed and checked before any other part of the file is used.
import { outsideStrings } from '../files/json-strings.ts';

export interface TensorInfo {
  dtype: string;
  shape: readonly number[];
}

/** Location of a tensor; `begin` and `end` are counted from the start of the file. */
export interface TensorSpan extends TensorInfo {
  begin: number;
  end: number;
}

export interface SafetensorsHeader {
  tensors: Map<string, TensorSpan>;
  metadata: Record<string, string>;
}

export const maxHeaderBytes = 100_000_000;

export const bytesPerElement: Record<string, number> = {
  F64: 8,
  I64: 8,
  U64: 8,
  F32: 4,
  I32: 4,
  U32: 4,
  F16: 2,
  BF16: 2,
  I16: 2,
  U16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
};

export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

function isSize(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseMetadata(value: unknown, file: string): Record<string, string> {
  if (value === undefined) return {};
  if (!isObject(value) || Object.values(value).some((entry) => typeof entry !== 'string')) {
    throw new Error(`${file}: __metadata__ must map names to strings`);
  }
  return value as Record<string, string>;
}

function parseSpan(name: string, value: unknown, dataStart: number, dataBytes: number, file: string): TensorSpan {
  if (!isObject(value)) throw new Error(`${file}: tensor ${name} has no description in the header`);
  const { dtype, shape, data_offsets: offsets } = value;
  const width = typeof dtype === 'string' ? bytesPerElement[dtype] : undefined;
  if (typeof dtype !== 'string' || width === undefined) {
    throw new Error(`${file}: tensor ${name} has the unknown dtype ${JSON.stringify(dtype)}`);
  }
  if (!Array.isArray(shape) || !shape.every(isSize)) {
    throw new Error(`${file}: tensor ${name} has the invalid shape ${JSON.stringify(shape)}`);
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize) || offsets[0]! > offsets[1]!) {
    throw new Error(`${file}: tensor ${name} has invalid data_offsets ${JSON.stringify(offsets)}`);
  }
  const [begin, end] = offsets as [number, number];
  if (end > dataBytes) {
    throw new Error(`${file}: tensor ${name} ends at byte ${end} of ${dataBytes}; the file is cut off, download it again`);
  }
  if (elementCount(shape) * width !== end - begin) {
    throw new Error(`${file}: tensor ${name} of ${dtype} ${JSON.stringify(shape)} cannot fill ${end - begin} bytes`);
  }
  return { dtype, shape, begin: dataStart + begin, end: dataStart + end };
}

function requireSeamless(tensors: Map<string, TensorSpan>, dataStart: number, fileBytes: number, file: string): void {
  const ordered = [...tensors].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  let position = dataStart;
  for (const [name, span] of ordered) {
    if (span.begin < position) throw new Error(`${file}: tensor ${name} overlaps the one before it`);
    if (span.begin > position) throw new Error(`${file}: ${span.begin - position} bytes before tensor ${name} belong to none`);
    position = span.end;
  }
  if (position !== fileBytes) throw new Error(`${file}: ${fileBytes - position} bytes after the last tensor belong to none`);
}

const NESTING: Readonly<Record<string, number>> = { '{': 1, '[': 1, '}': -1, ']': -1 };

/**
 * Refuses equal names, of which JSON.parse would keep the last. In valid JSON a colon at depth one follows each name of the outer object.
 */
function refuseRepeatedNames(json: string, distinct: number, file: string): void {
  let [depth, names] = [0, 0];
  for (const [start, end] of outsideStrings(json)) {
    for (let at = start; at < end; at += 1) {
      const part = json[at]!;
      if (part === ':') names += depth === 1 ? 1 : 0;
      else depth += NESTING[part] ?? 0;
    }
  }
  if (names !== distinct) throw new Error(`${file}: the safetensors header names a tensor twice; the file is damaged`);
}

/** Parses the header. `json` is its text, `dataStart` the first byte after it. */
export function parseSafetensorsHeader(json: string, dataStart: number, fileBytes: number, file: string): SafetensorsHeader {
  let header: unknown;
  try {
    header = JSON.parse(json);
  } catch (cause) {
    throw new Error(`${file}: the safetensors header is not valid JSON`, { cause });
  }
  if (!isObject(header)) throw new Error(`${file}: the safetensors header is not an object`);
  refuseRepeatedNames(json, Object.keys(header).length, file);
  const tensors = new Map<string, TensorSpan>();
  for (const [name, value] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    tensors.set(name, parseSpan(name, value, dataStart, fileBytes - dataStart, file));
  }
  requireSeamless(tensors, dataStart, fileBytes, file);
  return { tensors, metadata: parseMetadata(header.__metadata__, file) };
}
