// docs/api.md, the API by task, names every path and method of the OpenAPI document, and no other.
import { expect, it } from 'vitest';
import { readText } from './files.ts';

/** `GET /v1/datasets`, from the types that are generated from the document. */
async function documented(): Promise<string[]> {
  const text = await readText('packages/sdk/src/generated/openapi.ts');
  const paths = text.slice(text.indexOf('interface paths'), text.indexOf('export type webhooks'));
  let path = '';
  return paths.split('\n').flatMap((line) => {
    path = /^ {4}"(\/[^"]*)": \{/.exec(line)?.[1] ?? path;
    const method = /^ {8}(get|post|put|patch|delete): /.exec(line)?.[1];
    return method === undefined ? [] : [`${method.toUpperCase()} ${path}`];
  });
}

/** The requests of the page: `POST`, `GET /v1/datasets` are two, and `/resume` stands beside the path before it. */
async function described(): Promise<string[]> {
  const rows = (await readText('docs/api.md')).split('\n').filter((line) => line.startsWith('| ') && line.includes('`'));
  return rows.flatMap((row) => {
    const methods: string[] = [];
    let last: { methods: string[]; path: string } | undefined;
    return [...row.matchAll(/`([^`]*)`/g)].flatMap(([, code = '']) => {
      const [, verb, path] = /^(GET|POST|PUT|PATCH|DELETE)(?: (\/\S*))?$/.exec(code) ?? [];
      if (verb !== undefined) methods.push(verb);
      if (path !== undefined) last = { methods: methods.splice(0), path };
      else if (verb === undefined && code.startsWith('/') && last)
        last = { ...last, path: code === '/thumbnail' ? last.path + code : last.path.slice(0, last.path.lastIndexOf('/')) + code };
      else return [];
      const { methods: found, path: where } = last ?? { methods: [], path: '' };
      return found.map((method) => `${method} ${where}`);
    });
  });
}

it('names every request once, and no request that does not exist', async () => {
  const [inDocument, onPage] = [new Set(await documented()), new Set(await described())];
  expect(inDocument.size).toBeGreaterThan(80);
  expect([...inDocument].filter((request) => !onPage.has(request))).toEqual([]);
  expect([...onPage].filter((request) => !inDocument.has(request))).toEqual([]);
});
