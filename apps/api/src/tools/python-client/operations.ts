// Generates Python methods of the OpenAPI operations, for the blocking client and the asyncio client.
import { docstring, isIdentifier, pascal, type PythonTypes, type Schema } from './types.ts';

interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  schema: Schema;
}
type Content = Record<string, { schema?: Schema }>;
export interface Operation {
  operationId: string;
  summary?: string;
  description?: string;
  parameters?: Parameter[];
  requestBody?: { required?: boolean; content: Content };
  responses: Record<string, { content?: Content }>;
}
export type Style = 'sync' | 'async';

const snake = (name: string): string => name.replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();
const argument = (name: string): string => (isIdentifier(name) ? name : `${name}_`);

/** Methods of one operation: the call, and for a list also an iterator over all pages. */
export function methodsOf(operation: Operation, verb: string, path: string, types: PythonTypes, style: Style): string {
  const call = methodOf(operation, verb, path, types, style);
  const items = itemsOf(operation, types);
  return items === undefined ? call : `${call}\n${iterationOf(operation, items, types, style)}`;
}

function methodOf(operation: Operation, verb: string, path: string, types: PythonTypes, style: Style): string {
  const { operationId, summary = '', description } = operation;
  const result = resultOf(operation, types);
  const body = bodyOf(operation, types);
  const query = parametersOf(operation, 'query');
  const positional = [
    ...parametersOf(operation, 'path').map((parameter) => `${argument(parameter.name)}: ${typeOf(parameter, types)}`),
    ...body.positional,
  ];
  const keywords = [
    ...query.map((parameter) => `${argument(parameter.name)}: ${typeOf(parameter, types)} | None = None`),
    ...(verb === 'POST' ? ['idempotency_key: str | None = None'] : []),
  ];
  const parameters = [
    'self',
    ...(positional.length > 0 ? [...positional, '/'] : []),
    ...(keywords.length > 0 ? ['*', ...keywords] : []),
    ...body.keywords,
  ];
  const passed = [
    `"${verb}"`,
    pathOf(path),
    ...(query.length > 0 ? [`query={${query.map(({ name }) => `"${name}": ${argument(name)}`).join(', ')}}`] : []),
    ...body.passed,
    ...(verb === 'POST' ? ['idempotency_key=idempotency_key'] : []),
    ...(result === 'bytes' ? ['raw=True'] : []),
  ];
  const [keyword, wait] = style === 'sync' ? ['def', ''] : ['async def', 'await '];
  return `    ${keyword} ${snake(operationId)}(${parameters.join(', ')}) -> ${result}:
        ${docstring([summary, description].filter(Boolean).join('.\n\n        '))}
        return ${wait}self._call(${passed.join(', ')})
`;
}

function iterationOf(operation: Operation, items: string, types: PythonTypes, style: Style): string {
  const name = snake(operation.operationId).replace(/^list_/, '');
  const path = parametersOf(operation, 'path').map((parameter) => ({ name: argument(parameter.name), type: typeOf(parameter, types) }));
  const query = parametersOf(operation, 'query').filter(({ name: field }) => field !== 'after');
  const parameters = [
    'self',
    ...(path.length > 0 ? [...path.map((parameter) => `${parameter.name}: ${parameter.type}`), '/'] : []),
    ...(query.length > 0
      ? ['*', ...query.map((parameter) => `${argument(parameter.name)}: ${typeOf(parameter, types)} | None = None`)]
      : []),
  ];
  const passed = [...path.map((parameter) => parameter.name), ...query.map(({ name: field }) => `${argument(field)}=${argument(field)}`)];
  const fetch = `lambda after: self.list_${name}(${[...passed, 'after=after'].join(', ')})`;
  const [kind, all] = style === 'sync' ? ['Iterator', 'all_items'] : ['AsyncIterator', 'all_items_async'];
  return `    def iter_${name}(${parameters.join(', ')}) -> ${kind}[${items}]:
        """Every item of \`list_${name}\`, page after page."""
        return ${all}(${fetch})
`;
}

function parametersOf({ parameters = [] }: Operation, place: string): Parameter[] {
  return parameters.filter((parameter) => parameter.in === place);
}

function typeOf({ name, schema }: Parameter, types: PythonTypes): string {
  return qualified(types.expression(schema, pascal(name)));
}

/** Qualifies type names with the models' module, except Python's built-in types. */
function qualified(type: string): string {
  return type.replaceAll(/"[^"]*"|\b[A-Z]\w*/g, (word) => (/^"|^(Any|None|Literal|True|False)$/.test(word) ? word : `models.${word}`));
}

function pathOf(path: string): string {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_whole, name: string) => `{quoted(${argument(name)})}`);
  return filled === path ? `"${path}"` : `f"${filled}"`;
}

function bodyOf(
  { operationId, requestBody }: Operation,
  types: PythonTypes,
): { positional: string[]; keywords: string[]; passed: string[] } {
  const [[contentType, { schema = {} }] = ['', {}]] = Object.entries(requestBody?.content ?? {});
  if (contentType === '') return { positional: [], keywords: [], passed: [] };
  if (contentType.startsWith('multipart/')) return { positional: ['parts: Sequence[Part]'], keywords: [], passed: ['parts=parts'] };
  if (!contentType.includes('json')) return { positional: ['content: bytes'], keywords: [], passed: ['content=content'] };
  const type = qualified(types.expression(schema, `${pascal(operationId)}Body`));
  if (types.isObject(schema)) return { positional: [], keywords: [`**body: Unpack[${type}]`], passed: ['body=body'] };
  return { positional: [`body: ${type}`], keywords: [], passed: ['body=body'] };
}

function successOf({ responses }: Operation): Content {
  const [, response] = Object.entries(responses).find(([status, { content }]) => status.startsWith('2') && content) ?? [];
  return response?.content ?? {};
}

function resultOf(operation: Operation, types: PythonTypes): string {
  const content = successOf(operation);
  const schema = content['application/json']?.schema;
  if (schema) return qualified(types.expression(schema, `${pascal(operation.operationId)}Response`));
  return Object.keys(content).length > 0 ? 'bytes' : 'None';
}

/** Type of the items of a list, if the operation returns pages. */
function itemsOf(operation: Operation, types: PythonTypes): string | undefined {
  const schema = successOf(operation)['application/json']?.schema;
  const isPaged = operation.operationId.startsWith('list') && parametersOf(operation, 'query').some(({ name }) => name === 'after');
  const data = schema && types.propertyOf(schema, 'data');
  return isPaged && data?.items ? qualified(types.expression(data.items, `${pascal(operation.operationId)}Item`)) : undefined;
}
