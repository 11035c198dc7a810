// Bundles a program's own sources into one file; libraries are not included.
import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, stop } from 'esbuild';
import { bundleFolder, digestOf, fromRoot, INDEX, MAIN, root } from './bundle-folder.mjs';

/** Number of older bundles that are kept: a running process may load a part of its bundle later. */
const OLDER_KEPT = 4;
const DRAFT = 'draft-';
/** Age of a draft after which the process that wrote it must have died. */
const ABANDONED_MS = 600_000;

/** Returns the path of the bundle, or undefined if nothing can be written, as in an image or somebody else's checkout. */
export async function makeBundle(program) {
  const folder = bundleFolder(program);
  let draft;
  try {
    mkdirSync(folder, { recursive: true });
    draft = join(folder, DRAFT + randomUUID());
    // Every user who may read the sources may read the bundle, because an image is built by one user and run by another.
    mkdirSync(draft);
    const contents = await compile(program, draft);
    return publish(folder, draft, contents);
  } catch (error) {
    if (['EACCES', 'EPERM', 'EROFS'].includes(error.code)) return undefined;
    throw error;
  } finally {
    if (draft) rmSync(draft, { recursive: true, force: true });
  }
}

/** Returns the contents of everything that the result depends on, by path from the root. */
async function compile(program, draft) {
  const contents = new Map();
  const keep = (path) => {
    const content = readFileSync(path);
    contents.set(fromRoot(path), content);
    return content;
  };
  for (const own of ['./bundle.mjs', './bundle-folder.mjs']) keep(fileURLToPath(new URL(own, import.meta.url)));
  keep(join(root, 'node_modules/esbuild/package.json'));
  await build({
    absWorkingDir: root,
    entryPoints: [{ in: program, out: 'main' }],
    outdir: draft,
    outExtension: { '.js': extname(MAIN) },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    keepNames: true,
    sourcemap: true,
    sourcesContent: false,
    tsconfigRaw: { compilerOptions: { target: 'ES2023', verbatimModuleSyntax: true } },
    logLevel: 'silent',
    plugins: [{ name: 'own sources', setup: (esbuild) => useOwnSources(esbuild, draft, keep) }],
  });
  // The compiler is a separate process, which would run as long as this one.
  await stop();
  return contents;
}

function useOwnSources(esbuild, draft, keep) {
  esbuild.onResolve({ filter: /^[^./]/ }, ({ kind, path }) => {
    if (kind === 'entry-point') return undefined;
    const [, own] = /^@styleforge\/([^/]+)/.exec(path) ?? [];
    if (own === undefined) return { external: true };
    // Its exports decide the file; esbuild resolves them.
    keep(join(root, 'node_modules/@styleforge', own, 'package.json'));
    return undefined;
  });
  esbuild.onLoad({ filter: /./ }, ({ path }) => {
    const content = keep(path).toString();
    return { contents: path.endsWith('.json') ? content : placed(content, path, draft), loader: extname(path) === '.json' ? 'json' : 'ts' };
  });
}

/** Keeps what a source says about its own location true, so that files next to it are also found from the bundle. */
function placed(source, path, draft) {
  const url = `new URL(${JSON.stringify(relative(draft, path).replaceAll(sep, '/'))}, import.meta.url)`;
  return source.replaceAll(
    /\bimport\.meta\.(url|filename|dirname)\b/g,
    (_, property) =>
      ({
        url: `${url}.href`,
        filename: `process.getBuiltinModule('node:url').fileURLToPath(${url})`,
        dirname: `process.getBuiltinModule('node:url').fileURLToPath(new URL('.', ${url}))`,
      })[property],
  );
}

/** Publishes the bundle. Others may do the same at this moment: whole folders and files appear, and equal names mean equal contents. */
function publish(folder, draft, contents) {
  const digest = digestOf(contents);
  const target = join(folder, digest);
  try {
    renameSync(draft, target);
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST'].includes(error.code)) throw error;
  }
  const index = join(folder, `${INDEX}.${process.pid}`);
  writeFileSync(index, JSON.stringify({ files: [...contents.keys()], digest }));
  renameSync(index, join(folder, INDEX));
  removeOld(folder, digest);
  return join(target, MAIN);
}

/** Removes old bundles. Another process may be making, publishing or removing any of them at this moment. */
function removeOld(folder, current) {
  const others = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== current)
    .flatMap(({ name }) => {
      const stats = statSync(join(folder, name), { throwIfNoEntry: false });
      return stats ? [{ path: join(folder, name), time: stats.mtimeMs, isDraft: name.startsWith(DRAFT) }] : [];
    });
  const older = others
    .filter(({ isDraft }) => !isDraft)
    .sort((a, b) => b.time - a.time)
    .slice(OLDER_KEPT);
  const abandoned = others.filter(({ isDraft, time }) => isDraft && Date.now() - time > ABANDONED_MS);
  for (const { path } of [...older, ...abandoned]) rmSync(path, { recursive: true, force: true });
}
