// The table "Files to change for an addition" of docs/architecture.md: at most five files for each addition, and each of them exists.
import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { readText, repository } from './files.ts';

/** Rows by what is added: the files that each numbered step names; none where it names none. */
function additionsOf(document: string): Map<string, string[][]> {
  const [, section = ''] = document.split('## Files to change for an addition');
  const [table = ''] = section.split('\n## ');
  const rows = table.split('\n').flatMap((line) => {
    const [, added = '', files = ''] = line.split('|').map((cell) => cell.trim());
    const steps = files.split('<br>').filter((step) => /^\d\. /.test(step));
    return steps.length === 0
      ? []
      : [[added, steps.map((step) => [...step.matchAll(/`([\w@.-]+\/[\w@./-]+)`/g)].map(([, path]) => path))] as const];
  });
  return new Map(rows);
}

/** Names in capitals stand for any name. */
const isShapeOf = (path: string): RegExp =>
  new RegExp(`^${path.replace(/[.]/g, '\\.').replace(/\b(NAME|ROOM|RESOURCE)\b/g, '[\\w-]+')}${path.endsWith('/') ? '' : '$'}`);

it('names at most five files for each addition, all of which exist', async () => {
  const additions = additionsOf(await readText('docs/architecture.md'));
  const files = execFileSync('git', ['ls-files'], { cwd: repository, encoding: 'utf8' }).split('\n');
  expect([...additions.keys()]).toEqual(['a model family', 'an adaptation', 'an operation', 'a device', 'a route', 'a setting']);
  for (const [added, steps] of additions) {
    expect(steps.length, added).toBeLessThanOrEqual(5);
    const absent = steps.flat().filter((path) => !files.some((file) => isShapeOf(path).test(file)));
    expect(absent, added).toEqual([]);
  }
  const named = [...additions.values()].flat(2);
  expect(named.length).toBeGreaterThan(20);
});

it('finds a file that does not exist', () => {
  expect(isShapeOf('packages/onnx/src/lowering/NAME.ts').test('packages/onnx/src/lowering/cuda.ts')).toBe(true);
  expect(isShapeOf('packages/onnx/src/lowering/NAME.ts').test('packages/onnx/src/other/cuda.ts')).toBe(false);
  expect(isShapeOf('packages/contracts/src/RESOURCE/').test('packages/contracts/src/datasets/datasets.ts')).toBe(true);
});
