// Copies apps with everything that they run on, and nothing else: `node infra/docker/assemble.mjs @styleforge/api TARGET`, or several apps before TARGET.
import { constants, cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const apps = process.argv.slice(2, -1);
const target = process.argv.at(-1);
if (apps.length === 0) throw new Error('usage: node infra/docker/assemble.mjs WORKSPACE... TARGET');

const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
/** Programs that the app is started with. */
const launchers = ['@styleforge/launch'];
const shared = ['package.json', 'tsconfig.base.json', 'prisma', 'infra/docker'];

const found = new Set();
for (const name of [...apps, ...launchers]) follow('', name, true);
for (const path of shared) copy(path);
for (const path of found) {
  const { link, resolved } = packages[path];
  if (link) linkWorkspace(path, resolved);
  else if (existsSync(path)) copy(path);
}

/** Follows a dependency as Node resolves it: the nearest node_modules folder on the way up. */
function follow(from, name, isNeeded) {
  const path = candidates(from, name).find((candidate) => packages[candidate]);
  if (path === undefined) {
    if (isNeeded) throw new Error(`package-lock.json has no ${name} for ${from || 'the root'}`);
    return;
  }
  if (found.has(path)) return;
  found.add(path);
  const home = packages[path].link ? packages[path].resolved : path;
  const { dependencies = {}, optionalDependencies = {}, peerDependencies = {}, peerDependenciesMeta = {} } = packages[home];
  // An optional peer that is used is somebody's dependency as well; the others are tools, such as Prisma's own.
  const peers = Object.keys(peerDependencies).filter((peer) => !peerDependenciesMeta[peer]?.optional);
  for (const dependency of [...Object.keys(dependencies), ...peers]) follow(home, dependency, !optionalDependencies[dependency]);
  for (const dependency of Object.keys(optionalDependencies)) follow(home, dependency, false);
}

function candidates(from, name) {
  const list = [];
  for (let folder = from; folder !== '' && folder !== '.'; folder = dirname(folder)) list.push(`${folder}/node_modules/${name}`);
  return [...list, `node_modules/${name}`];
}

function linkWorkspace(path, folder) {
  for (const part of ['package.json', 'bin', 'src'].map((name) => join(folder, name))) if (existsSync(part)) copy(part);
  const link = join(target, path);
  mkdirSync(dirname(link), { recursive: true });
  symlinkSync(relative(dirname(link), join(target, folder)), link);
}

/** A package's own nested packages are copied when somebody needs them, libraries for other systems, types and source maps never. */
function copy(path) {
  const nested = join(path, 'node_modules');
  const isForeign = (source) => {
    const [, platform, arch = process.arch] = /onnxruntime-node\/bin\/[^/]+\/([^/]+)(?:\/([^/]+))?/.exec(source) ?? [];
    return platform !== undefined && (platform !== process.platform || arch !== process.arch);
  };
  const filter = (source) => source !== nested && !isForeign(source) && !/\.(map|d\.[cm]?ts)$/.test(source);
  cpSync(path, join(target, path), { recursive: true, verbatimSymlinks: true, mode: constants.COPYFILE_FICLONE, filter });
}
