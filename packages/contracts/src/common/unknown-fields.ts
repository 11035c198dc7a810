// Fields that a schema does not have, with the fields that they may stand for.
import type { z } from 'zod';
import { similarNames } from './similar-names.ts';

type UnknownKeys = z.core.$ZodRawIssue<z.core.$ZodIssueUnrecognizedKeys>;
interface Definition {
  readonly shape?: Readonly<Record<string, z.core.$ZodType>>;
  readonly innerType?: z.core.$ZodType;
  readonly in?: z.core.$ZodType;
}

/** At most this many fields are named as similar. */
const NAMED = 3;
/** Known fields by the list of unknown ones, which zod's error shares with the issue that the message was made for. */
const knownFields = new WeakMap<readonly string[], readonly string[]>();

/** Fields of an object, also of one that is optional or has a default. */
function shapeOf(schema: z.core.$ZodType | undefined): Readonly<Record<string, z.core.$ZodType>> {
  const { shape, innerType, in: inner } = (schema?._zod.def ?? {}) as Definition;
  return shape ?? (schema && (innerType ?? inner) ? shapeOf(innerType ?? inner) : {});
}

/** Fields of an object, then those of the objects in it: `hyperparameters.learning_rate`. */
function fieldsOf(schema: z.core.$ZodType | undefined): readonly string[] {
  const shape = shapeOf(schema);
  return [
    ...Object.keys(shape),
    ...Object.entries(shape).flatMap(([name, inner]) => Object.keys(shapeOf(inner)).map((field) => `${name}.${field}`)),
  ];
}

const either = (names: readonly string[]): string =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;

/** `. Did you mean train_batch_size?`, or nothing where no known field is similar. */
function suggestion(names: readonly string[], known: readonly string[]): string {
  const similar = names.flatMap((name) => similarNames(name, known).slice(0, NAMED));
  return similar.length === 0 ? '' : `. Did you mean ${either(similar)}?`;
}

/** The detail of a field that does not exist: `there is no such field. Did you mean train_batch_size?` */
export const noSuchField = (name: string, known: readonly string[]): string => `there is no such field${suggestion([name], known)}`;

/** A message about all unknown fields of one object. Keeps the known ones for `unknownFields`. */
export function unknownFieldsMessage({ keys, inst }: UnknownKeys): string {
  const known = fieldsOf(inst as z.core.$ZodType | undefined);
  knownFields.set(keys, known);
  const given = keys.map((key) => JSON.stringify(key)).join(', ');
  return `must not have ${given}: there ${keys.length === 1 ? 'is no such field' : 'are no such fields'}${suggestion(keys, known)}`;
}

/** Each unknown field of an issue with its detail. */
export function unknownFields({ keys }: z.core.$ZodIssueUnrecognizedKeys): readonly { readonly name: string; readonly detail: string }[] {
  return keys.map((name) => ({ name, detail: noSuchField(name, knownFields.get(keys) ?? []) }));
}
