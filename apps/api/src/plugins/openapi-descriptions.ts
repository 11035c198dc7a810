// Describes every field and parameter of the OpenAPI document without its own description.
import type { OpenAPIV3_1 } from 'openapi-types';
import { FIELD_WORDS } from './openapi-field-words.ts';
import { PARAMETER_WORDS, PLACE_WORDS } from './openapi-place-words.ts';

type Node = Record<string, unknown>;

/** Description shared by all timestamps: it states only the format, so it does not count as the field's own. */
const FORMAT_ONLY = 'ISO 8601, UTC';
/** Place of the fields of a request body that has no schema name. */
const BODY = 'body';
const REQUEST = /Request$|^body$/;

/** Adds descriptions in place, and returns the document. */
export function describeFields(document: OpenAPIV3_1.Document): OpenAPIV3_1.Document {
  for (const path of Object.values(document.paths ?? {})) {
    for (const operation of Object.values(path ?? {}) as OpenAPIV3_1.OperationObject[]) {
      for (const parameter of (operation.parameters ?? []) as OpenAPIV3_1.ParameterObject[])
        parameter.description ??= PARAMETER_WORDS[parameter.name];
      describePart(operation.requestBody, [BODY]);
      describePart(operation.responses, [BODY]);
    }
  }
  for (const [name, schema] of Object.entries(document.components?.schemas ?? {})) describePart(schema, [name]);
  return document;
}

/** `places` are the names of the surrounding schema and fields, the innermost last. */
function describePart(part: unknown, places: readonly string[]): void {
  if (typeof part !== 'object' || part === null) return;
  if (Array.isArray(part)) return part.forEach((inner) => describePart(inner, places));
  for (const [key, inner] of Object.entries(part as Node)) {
    if (key === 'examples' || key === 'example') continue;
    if (key === 'properties') describeProperties(inner as Record<string, Node>, places);
    else describePart(inner, places);
  }
}

function describeProperties(properties: Record<string, Node>, places: readonly string[]): void {
  for (const [name, property] of Object.entries(properties)) {
    const words = wordsFor(name, places, isNullable(property));
    if (words !== undefined && (property['description'] === undefined || property['description'] === FORMAT_ONLY))
      property['description'] = words;
    describePart(property, [...places, name]);
  }
}

/** Whether the schema of a field allows null. */
function isNullable({ type, anyOf = [] }: Node & { anyOf?: Node[] }): boolean {
  return [type].flat().includes('null') || anyOf.some(isNullable);
}

/**
 * The description from the innermost place that has one for this field, otherwise the general one. Removes sentences on defaults from
 * responses, and on null from fields that cannot be null.
 */
function wordsFor(name: string, places: readonly string[], nullable: boolean): string | undefined {
  const place = places.findLast((around) => PLACE_WORDS[`${around}.${name}`] !== undefined);
  const words = place === undefined ? FIELD_WORDS[name] : PLACE_WORDS[`${place}.${name}`];
  const applicable = REQUEST.test(places[0] ?? '') ? words : words?.replace(/\. Default: .*$/, '');
  return nullable ? applicable : applicable?.replace(/[;.] (empty or )?null(:| ).*$/, '');
}
