// npm run graphs: the sha256 of every training and sampling graph, compared with the table of test/golden/graphs.json (--write replaces
// it).
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { geometryOf } from '../bench/engine/geometries.ts';
import { readCommandLine } from '../command-line.ts';
import { graphCases } from './cases.ts';

const { values } = readCommandLine({
  usage: 'npm run graphs --',
  about:
    'Prints the SHA-256 of every training and sampling graph and compares it with test/golden/graphs.json. Exits with 1 if they differ.',
  options: {
    geometry: { type: 'string', multiple: true, help: 'tiny, small or sd15 (default: all)' },
    write: { type: 'boolean', default: false, help: 'replace the table with the new values' },
  },
});
const table = fileURLToPath(new URL('../../../../test/golden/graphs.json', import.meta.url));
const known = JSON.parse(await readFile(table, 'utf8')) as Record<string, string>;
const found: Record<string, string> = {};
for (const geometry of values.geometry ?? ['tiny', 'small', 'sd15']) {
  for (const { name, emit } of graphCases(geometryOf(geometry))) {
    const [key, bytes] = [`${geometry} ${name}`, emit()];
    found[key] = createHash('sha256').update(bytes).digest('hex');
    const verdict = known[key] === undefined ? 'new' : known[key] === found[key] ? 'same' : 'CHANGED';
    console.log(`${found[key]}  ${(bytes.length / 2 ** 20).toFixed(1).padStart(5)} MiB  ${verdict.padEnd(7)}  ${key}`);
  }
}
if (values.write) await writeFile(table, `${JSON.stringify({ ...known, ...found }, null, 2)}\n`);
else if (Object.entries(found).some(([key, hash]) => known[key] !== hash)) process.exitCode = 1;
