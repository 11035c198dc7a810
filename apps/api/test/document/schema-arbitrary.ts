// From a JSON schema to values that fit it, as far as the OpenAPI document of this service uses JSON schema.
import fc from 'fast-check';

export type JsonSchema = {
  $ref?: string;
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  allOf?: JsonSchema[];
  examples?: unknown[];
  properties?: Record<string, JsonSchema>;
  required?: string[];
  additionalProperties?: boolean | JsonSchema;
  propertyNames?: JsonSchema;
  items?: JsonSchema;
  prefixItems?: JsonSchema[];
  minItems?: number;
  maxItems?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  format?: string;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  multipleOf?: number;
};
export type SchemaDocument = { components: { schemas: Record<string, JsonSchema> } };

/** Longer lists and texts find nothing that short ones don't. */
const MANY = 4;

export function arbitraryOf(schema: JsonSchema, document: SchemaDocument): fc.Arbitrary<unknown> {
  const of = (part: JsonSchema) => arbitraryOf(part, document);
  if (schema.$ref !== undefined) return of(document.components.schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {});
  if ('const' in schema) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return fc.oneof(...choices.map(of));
  if (schema.allOf !== undefined) return of(Object.assign({}, ...schema.allOf) as JsonSchema);
  if (Array.isArray(schema.type)) return fc.oneof(...schema.type.map((type) => of({ ...schema, type })));
  switch (schema.type) {
    case 'string':
      return stringOf(schema);
    case 'integer':
    case 'number':
      return numberOf(schema);
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return fc.array(of(schema.items ?? {}), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.max(schema.minItems ?? 0, Math.min(schema.maxItems ?? MANY, MANY)),
      });
    case 'object':
      return objectOf(schema, document);
    default:
      return fc.jsonValue();
  }
}

function stringOf({ pattern, format, minLength = 0, maxLength = 50, examples = [] }: JsonSchema): fc.Arbitrary<unknown> {
  if (examples.length > 0) return fc.constantFrom(...examples);
  if (format === 'date-time') return fc.date({ min: new Date(0), max: new Date('2100-01-01T00:00:00Z') }).map((date) => date.toISOString());
  if (format === 'uri') return fc.webUrl();
  if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern, 'u'));
  const length = { minLength, maxLength: Math.max(minLength, Math.min(maxLength, 50)) };
  return fc.oneof(fc.string(length), fc.fullUnicodeString(length), fc.constantFrom('tiny', 'a cat'));
}

function numberOf({ type, minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf }: JsonSchema): fc.Arbitrary<number> {
  const min = minimum ?? exclusiveMinimum ?? -1000;
  const max = maximum ?? exclusiveMaximum ?? min + 1e6;
  if (type === 'integer') {
    const unit = multipleOf ?? 1;
    const least = Math.ceil(min / unit) + (exclusiveMinimum === undefined ? 0 : 1);
    const most = Math.floor(Math.min(max, Number.MAX_SAFE_INTEGER) / unit);
    // Small numbers are what most fields are about.
    const small = fc.integer({ min: least, max: Math.min(least + 20, most) });
    return fc.oneof(small, fc.bigInt(BigInt(least), BigInt(most)).map(Number)).map((n) => n * unit);
  }
  return fc.double({ min, max, noNaN: true, minExcluded: exclusiveMinimum !== undefined, maxExcluded: exclusiveMaximum !== undefined });
}

function objectOf(
  { properties = {}, required = [], additionalProperties, propertyNames }: JsonSchema,
  document: SchemaDocument,
): fc.Arbitrary<unknown> {
  const known = fc.record(Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, arbitraryOf(schema, document)])), {
    requiredKeys: required,
  });
  if (typeof additionalProperties !== 'object') return known;
  return fc.dictionary(
    (propertyNames ? arbitraryOf(propertyNames, document) : fc.string()) as fc.Arbitrary<string>,
    arbitraryOf(additionalProperties, document),
    { maxKeys: MANY },
  );
}
