// Generates Python types of the OpenAPI schemas: objects as TypedDicts, everything else as aliases.
export interface Schema {
  $ref?: string;
  type?: string | string[];
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  items?: Schema;
  enum?: unknown[];
  const?: unknown;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  contentMediaType?: string;
}

const PRIMITIVES: Record<string, string> = { string: 'str', integer: 'int', number: 'float', boolean: 'bool', null: 'None' };
const KEYWORDS = new Set(
  (
    'False None True and as assert async await break class continue def del elif else except finally for from ' +
    'global if import in is lambda ' +
    'nonlocal not or pass raise return try while with yield'
  ).split(' '),
);

export const isIdentifier = (name: string): boolean => /^[A-Za-z_]\w*$/.test(name) && !KEYWORDS.has(name);
export const pascal = (text: string): string =>
  text
    .split(/[^A-Za-z0-9]+/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');

/** Escapes a text for a docstring. */
export const docstring = (text: string): string => `"""${text.replaceAll('\\', '\\\\').replaceAll('"""', "'''").replace(/"$/, "'")}"""`;

/** Definitions of one module, in the order of their first use. */
export class PythonTypes {
  readonly #schemas: Record<string, Schema>;
  readonly #classes: string[] = [];
  readonly #aliases: string[] = [];
  readonly #names: Set<string>;
  readonly #nestedNames = new Map<string, string>();

  constructor(schemas: Record<string, Schema>) {
    this.#schemas = schemas;
    this.#names = new Set(Object.keys(schemas));
    for (const [name, schema] of Object.entries(schemas)) this.#define(name, schema);
  }

  /** The module's source after its imports. */
  source(): string {
    return [...this.#classes, ...this.#aliases].join('\n\n');
  }

  /** Whether a reference resolves to an object, so that its fields can be keyword arguments. */
  isObject(schema: Schema): boolean {
    const name = nameOf(schema);
    return name !== undefined && isPlainObject(this.#schemas[name] ?? {});
  }

  propertyOf(schema: Schema, property: string): Schema | undefined {
    const name = nameOf(schema);
    return (name === undefined ? schema : this.#schemas[name])?.properties?.[property];
  }

  /** Returns a type expression; objects without a name are named after their position. */
  expression(schema: Schema, place: string): string {
    const name = nameOf(schema);
    if (name !== undefined) return name;
    if (schema.const !== undefined) return `Literal[${literal(schema.const)}]`;
    if (schema.enum) return `Literal[${schema.enum.map(literal).join(', ')}]`;
    const union = schema.anyOf ?? schema.oneOf;
    if (union) return this.#union(union, place);
    if (schema.allOf?.length === 1 && schema.allOf[0]) return this.expression(schema.allOf[0], place);
    if (Array.isArray(schema.type))
      return this.#union(
        schema.type.map((type) => ({ ...schema, type })),
        place,
      );
    if (schema.type === 'array') return `list[${this.expression(schema.items ?? {}, `${place}Item`)}]`;
    if (schema.contentMediaType || (schema as { format?: string }).format === 'binary') return 'bytes';
    if (isPlainObject(schema)) return this.#nested(schema, place);
    if (schema.type === 'object') return `dict[str, ${this.#valueOf(schema, place)}]`;
    return PRIMITIVES[schema.type ?? ''] ?? 'Any';
  }

  #define(name: string, schema: Schema): void {
    if (isPlainObject(schema)) this.#class(name, schema);
    else this.#aliases.push(`${name}: TypeAlias = ${JSON.stringify(this.expression(schema, name))}\n`);
  }

  #union(schemas: Schema[], place: string): string {
    const parts = schemas.map((schema, index) =>
      this.expression(schema, `${place}${variantOf(schema) ?? (index === 0 ? '' : String(index + 1))}`),
    );
    return [...new Set(parts)].join(' | ');
  }

  #valueOf({ additionalProperties }: Schema, place: string): string {
    return typeof additionalProperties === 'object' ? this.expression(additionalProperties, `${place}Value`) : 'Any';
  }

  #nested(schema: Schema, place: string): string {
    const key = `${place} ${JSON.stringify(schema)}`;
    const known = this.#nestedNames.get(key);
    if (known !== undefined) return known;
    let name = place;
    for (let count = 2; this.#names.has(name); count++) name = `${place}${count}`;
    this.#names.add(name);
    this.#nestedNames.set(key, name);
    this.#class(name, schema);
    return name;
  }

  #class(name: string, { properties = {}, required = [], description }: Schema): void {
    const fields = Object.entries(properties).map(([field, schema]) => {
      const type = this.expression(schema, name + pascal(field));
      return { field, type: required.includes(field) ? type : `NotRequired[${type}]`, description: schema.description };
    });
    if (!fields.every(({ field }) => isIdentifier(field))) {
      const entries = fields.map(({ field, type }) => `    ${JSON.stringify(field)}: ${JSON.stringify(type)},`);
      this.#classes.push(`${name} = TypedDict("${name}", {\n${entries.join('\n')}\n})\n`);
      return;
    }
    const lines = fields.map(({ field, type, description: text }) => `    ${field}: ${type}${text ? `\n    ${docstring(text)}` : ''}`);
    const body = [...(description ? [`    ${docstring(description)}`] : []), ...lines];
    this.#classes.push(`class ${name}(TypedDict):\n${body.length > 0 ? body.join('\n') : '    pass'}\n`);
  }
}

function nameOf({ $ref }: Schema): string | undefined {
  return $ref?.split('/').at(-1);
}

function isPlainObject({ type, properties }: Schema): boolean {
  return type === 'object' && properties !== undefined;
}

/** The field that distinguishes a variant of a union from the others. */
function variantOf({ properties = {} }: Schema): string | undefined {
  const value = Object.values(properties).find((property) => typeof property.const === 'string')?.const;
  return value === undefined ? undefined : pascal(String(value));
}

function literal(value: unknown): string {
  if (value === null) return 'None';
  return typeof value === 'boolean' ? (value ? 'True' : 'False') : JSON.stringify(value);
}
