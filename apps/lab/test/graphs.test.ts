// The graphs that the engine writes are those of the table: a change that is meant is written there with `npm run graphs -- --write`.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { geometryOf } from '../src/bench/engine/geometries.ts';
import { graphCases } from '../src/graphs/cases.ts';

const table = JSON.parse(await readFile(new URL('../../../test/golden/graphs.json', import.meta.url), 'utf8')) as Record<string, string>;

it.each(['tiny', 'small'])('writes the training and sampling graphs of the %s geometry as before, for every device', (geometry) => {
  const cases = graphCases(geometryOf(geometry)).map(({ name, emit }) => [`${geometry} ${name}`, emit] as const);
  const found = Object.fromEntries(cases.map(([name, emit]) => [name, createHash('sha256').update(emit()).digest('hex')]));
  expect(found).toEqual(Object.fromEntries(Object.entries(table).filter(([name]) => name.startsWith(`${geometry} `))));
});
