// Names every schema of the OpenAPI document once: schemas that requests and responses share have one name, and unused ones are removed.
import type { OpenAPIV3_1 } from 'openapi-types';

type Document = OpenAPIV3_1.Document;
type Schemas = Record<string, unknown>;

/** Suffix that the document's generator appends to the name of a schema that a request uses. */
const REQUEST_SUFFIX = 'Input';
const REFERENCE = /"#\/components\/schemas\/([^"]+)"/g;

export function nameSchemasOnce(document: Document): Document {
  const schemas = (document.components?.schemas ?? {}) as Schemas;
  const used = reachable(document.paths, schemas);
  const names = new Map([...used].map((name) => [name, plainName(name)]));
  for (const [name, plain] of names) {
    if (name !== plain && used.has(plain) && renamed(schemas[name], names) !== renamed(schemas[plain], names))
      throw new Error(`The schema ${plain} differs between requests and responses: give the schema of the request a separate id`);
  }
  const kept = [...names]
    .filter(([name, plain]) => name === plain || !used.has(plain))
    .map(([name, plain]): [string, unknown] => [plain, withoutDoubleBounds(JSON.parse(renamed(schemas[name], names)) as object)])
    .sort(([left], [right]) => left.localeCompare(right));
  return {
    ...document,
    paths: withoutDoubleBounds(JSON.parse(renamed(document.paths, names)) as NonNullable<Document['paths']>),
    components: { ...document.components, schemas: Object.fromEntries(kept) as OpenAPIV3_1.ComponentsObject['schemas'] },
  };
}

function plainName(name: string): string {
  return name.endsWith(REQUEST_SUFFIX) ? name.slice(0, -REQUEST_SUFFIX.length) : name;
}

function reachable(paths: unknown, schemas: Schemas): Set<string> {
  const used = new Set<string>();
  const visit = (part: unknown) => {
    for (const [, name = ''] of JSON.stringify(part ?? null).matchAll(REFERENCE)) {
      if (used.has(name)) continue;
      used.add(name);
      visit(schemas[name]);
    }
  };
  visit(paths);
  return used;
}

function renamed(part: unknown, names: ReadonlyMap<string, string>): string {
  return JSON.stringify(part ?? null).replace(REFERENCE, (_whole, name: string) => `"#/components/schemas/${names.get(name) ?? name}"`);
}

const LARGEST = Number.MAX_SAFE_INTEGER;

/** Removes the bounds of safe integers from whole numbers: they do not help readers, and generated examples would show them. */
function withoutDoubleBounds<T>(part: T): T {
  if (Array.isArray(part)) return part.map(withoutDoubleBounds) as T;
  if (part === null || typeof part !== 'object') return part;
  const entries = Object.entries(part).filter(
    ([key, value]) => !(key === 'maximum' && value === LARGEST) && !(key === 'minimum' && value === -LARGEST),
  );
  return Object.fromEntries(entries.map(([key, value]) => [key, withoutDoubleBounds(value)])) as T;
}
