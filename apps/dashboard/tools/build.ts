// Builds the web page into dist/page (or the folder that is named): one bundle, hashed assets, the sample images, and a list of all
// sources.
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Metafile, type Plugin } from 'esbuild';
import { minify } from 'rolldown/utils';
import { hashOfSources } from './sources.ts';
import { writeSamples } from './write-samples.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const home = join(root, 'apps/dashboard');

/** The SDK reads local files in Node alone; its browser build swaps this module, and so does this one. The page receives no webhooks. */
const sdkForBrowsers: Plugin = {
  name: 'sdk for browsers',
  setup: ({ onResolve }) => {
    onResolve({ filter: /^\.\/local-files\.ts$/ }, ({ resolveDir }) => ({ path: join(resolveDir, 'no-local-files.ts') }));
    onResolve({ filter: /^standardwebhooks$/ }, () => ({ path: join(home, 'tools/no-webhooks.ts') }));
  },
};

/** Types that YAML 1.1 had and 1.2 no longer has. No request contains one, and they are a twelfth of the library. */
const OLD_YAML = ['binary', 'floatTime', 'intTime', 'omap', 'pairs', 'schema', 'set', 'timestamp', 'YAMLOMap', 'YAMLSet', 'createPairs'];
const onlyYaml12: Plugin = {
  name: 'only YAML 1.2',
  setup: ({ onLoad }) => {
    const contents = `export const ${OLD_YAML.map((name) => `${name} = null`).join(', ')};`;
    onLoad({ filter: /yaml.browser.dist.schema.yaml-1\.1.(?:binary|omap|pairs|schema|set|timestamp)\.js$/ }, () => ({ contents }));
  },
};

const target = resolve(process.argv[2] ?? join(home, 'dist/page'));
const draft = `${target}-${process.pid}`;
try {
  await mkdir(draft, { recursive: true });
  const metafile = await bundle(draft);
  await minifyAgain(join(draft, 'assets'));
  await writeSamples(join(draft, 'samples'));
  await writeFile(join(draft, 'index.html'), await pageOf(metafile));
  await writeFile(join(draft, 'icon.svg'), await readFile(join(home, 'src/icon.svg')));
  await writeFile(join(draft, 'current.json'), JSON.stringify(await hashOfSources(root, inputsOf(metafile))));
  await rm(target, { recursive: true, force: true });
  await rename(draft, target);
} finally {
  await rm(draft, { recursive: true, force: true });
}

async function bundle(outdir: string): Promise<Metafile> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [join(home, 'src/main.tsx')],
    outdir: join(outdir, 'assets'),
    bundle: true,
    splitting: true,
    format: 'esm',
    minify: true,
    target: ['chrome123', 'firefox121', 'safari17.5'],
    jsx: 'automatic',
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    assetNames: '[name]-[hash]',
    loader: { '.woff2': 'file' },
    define: { 'process.env.NODE_ENV': '"production"' },
    conditions: ['browser', 'import'],
    legalComments: 'linked',
    metafile: true,
    logLevel: 'warning',
    plugins: [sdkForBrowsers, onlyYaml12],
  });
  return metafile;
}

/** Rolldown's minifier makes what esbuild has minified another 3 % smaller, because it folds more of React's code. */
async function minifyAgain(assets: string): Promise<void> {
  for (const name of await readdir(assets)) {
    if (!name.endsWith('.js')) continue;
    const path = join(assets, name);
    const text = await readFile(path, 'utf8');
    const { code, errors } = await minify(name, text, { module: true });
    if (errors.length > 0) throw new Error(`${name} cannot be minified: ${errors[0]?.message}`);
    // the link to the licenses of the libraries
    await writeFile(path, code + (/^\/\*! For license.*$/m.exec(text)?.[0] ?? ''));
  }
}

async function pageOf({ outputs }: Metafile): Promise<string> {
  const [script, { cssBundle }] = Object.entries(outputs).find(([, { entryPoint }]) => entryPoint?.endsWith('src/main.tsx')) ?? ['', {}];
  const urlOf = (path: string) => `/app/assets/${path.split('/').at(-1)}`;
  const page = await readFile(join(home, 'src/index.html'), 'utf8');
  return page.replace('{{script}}', urlOf(script)).replace('{{style}}', urlOf(cssBundle ?? ''));
}

/** Own sources; libraries are covered by the versions in package-lock.json. */
function inputsOf({ inputs }: Metafile): string[] {
  const own = Object.keys(inputs).filter((path) => !path.includes('node_modules'));
  const tools = ['build.ts', 'sources.ts', 'write-samples.ts'].map((name) => `apps/dashboard/tools/${name}`);
  const page = ['index.html', 'icon.svg'].map((name) => `apps/dashboard/src/${name}`);
  return [...own.map((path) => relative(root, join(root, path)).replaceAll(sep, '/')), ...tools, ...page, 'apps/dashboard/package.json'];
}
