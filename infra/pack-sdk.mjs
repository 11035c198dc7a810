// Builds the SDK as it is published: compiled, with its types, README and licence. `node infra/pack-sdk.mjs FOLDER`
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const source = join(root, 'packages', 'sdk');
const target = resolve(process.argv[2] ?? join(root, 'out', 'sdk'));

mkdirSync(target, { recursive: true });
const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const options = ['--outDir', join(target, 'dist'), '--composite', 'false', '--incremental', 'false', '--sourceMap', 'false'];
const { status } = spawnSync(process.execPath, [compiler, '-p', source, ...options], { stdio: 'inherit' });
if (status !== 0) process.exit(1);
writeFileSync(join(target, 'package.json'), `${JSON.stringify(publishedManifest(), null, 2)}\n`);
cpSync(join(source, 'README.md'), join(target, 'README.md'));
cpSync(join(root, 'LICENSE'), join(target, 'LICENSE'));

/** The manifest for publishing: in the repository the package runs from its sources, and `publishConfig` has what differs outside. */
function publishedManifest() {
  const { private: _, publishConfig, ...manifest } = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8'));
  return { ...manifest, ...publishConfig };
}
