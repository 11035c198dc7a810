// The packed benchmark of the engine: it runs beside its libraries alone, and takes all compiled kernels along.
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { writeProgram } from '../src/bench/pack.ts';

const modules = fileURLToPath(new URL('../../../node_modules', import.meta.url));

it('trains without anything of the repository, with onnxruntime and koffi only', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'styleforge-packed-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeProgram(folder);
  await mkdir(join(folder, 'node_modules'));
  for (const name of ['onnxruntime-node', 'onnxruntime-common', 'koffi', '@koromix'])
    await symlink(join(modules, name), join(folder, 'node_modules', name));
  const names = await readdir(folder);
  expect(names).toEqual(
    expect.arrayContaining(['optimizer.wasm', 'optimizer.ptx', 'gradients.ptx', 'attention.ptx', 'torch-reference.py']),
  );
  // nothing of the service
  expect(names.filter((name) => /postgres|query_compiler|schema_engine/.test(name))).toEqual([]);
  const output = execFileSync(process.execPath, ['main.mjs', 'train', '--geometry', 'tiny', '--steps', '1', '--device', 'cpu'], {
    cwd: folder,
  });
  expect(output.toString()).toMatch(/"median_seconds":/);
}, 120_000);
