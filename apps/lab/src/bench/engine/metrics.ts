// npm run bench -- metrics: FID and KID of features of many images, compared with torch-fidelity or clean-fid if a Python has them.
import { loadConfig } from '@styleforge/config';
import { randomNormals } from '@styleforge/diffusion';
import { type Features, features, frechetDistance, kernelDistance } from '@styleforge/metrics';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { readCommandLine } from '../../command-line.ts';
import { numberOption } from '../../options.ts';
import { print } from '../process.ts';

interface Figures {
  fid: number;
  fid_seconds: number;
  kid: number;
  kid_seconds: number;
}

const script = fileURLToPath(new URL('metrics-reference.py', import.meta.url));
const rounded = (value: number): number => Number(value.toFixed(2));

/** Nonnegative features, as after a ReLU, in which neighboring dimensions are correlated. */
function makeFeatures(count: number, dimension: number, step: number, shift: number): Features {
  const normals = randomNormals({ seed: 1, step, purpose: 'bench' }, count * dimension);
  for (let i = normals.length - 1; i > 0; i--) normals[i] = Math.max(0, 0.3 * (normals[i] + 0.6 * normals[i - 1] + shift));
  return features(normals, dimension);
}

async function measureOurs(x: Features, y: Features, subsets: number): Promise<Figures> {
  const start = performance.now();
  const fid = await frechetDistance(x, y);
  const middle = performance.now();
  const { mean: kid } = await kernelDistance(x, y, { subsets });
  return { fid, fid_seconds: (middle - start) / 1000, kid, kid_seconds: (performance.now() - middle) / 1000 };
}

/** Results of the libraries that `python` has, for the same features. */
async function measureReferences(python: string, x: Features, y: Features, subsets: number): Promise<(Figures & { library: string })[]> {
  const scratch = await mkdtemp(join(tmpdir(), 'styleforge-bench-'));
  try {
    const files = [join(scratch, 'x.f32'), join(scratch, 'y.f32')];
    await writeFile(files[0], new Uint8Array(x.data.buffer, x.data.byteOffset, x.data.byteLength));
    await writeFile(files[1], new Uint8Array(y.data.buffer, y.data.byteOffset, y.data.byteLength));
    const { stdout } = await promisify(execFile)(python, [script, ...files, String(x.dimension), String(subsets)]);
    return stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Figures & { library: string });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

const program = {
  usage: 'npm run bench -- metrics',
  about: 'Measures FID and KID of random features, and clean-fid and torch-fidelity beside them.',
  options: {
    images: { type: 'string', default: '10000', help: 'images of each set' },
    dimension: { type: 'string', default: '2048', help: 'features of an image' },
    subsets: { type: 'string', default: '100', help: 'subsets of KID' },
    python: { type: 'string', help: 'a Python with clean-fid and torch-fidelity' },
  },
} as const;

export async function run(args: string[]): Promise<void> {
  const { values } = readCommandLine({ ...program, args });
  const [images, dimension, subsets] = (['images', 'dimension', 'subsets'] as const).map((name) => numberOption(name, values[name]));
  const python = values.python ?? loadConfig().extractors.python;
  const [x, y] = [makeFeatures(images, dimension, 0, 0.5), makeFeatures(images, dimension, 1, 0.6)];
  const ours = await measureOurs(x, y, subsets);
  print({
    library: 'styleforge',
    images,
    dimension,
    subsets,
    ...ours,
    fid_seconds: rounded(ours.fid_seconds),
    kid_seconds: rounded(ours.kid_seconds),
    peak_gib: rounded(process.resourceUsage().maxRSS / 2 ** 20),
  });
  if (!python)
    return print({ note: 'set METRICS_PYTHON or --python to a Python that has torch-fidelity or clean-fid to compare with them' });
  for (const reference of await measureReferences(python, x, y, subsets)) {
    print({ ...reference, fid_seconds: rounded(reference.fid_seconds), kid_seconds: rounded(reference.kid_seconds) });
    print({
      against: reference.library,
      times_faster_fid: rounded(reference.fid_seconds / ours.fid_seconds),
      times_faster_kid: rounded(reference.kid_seconds / ours.kid_seconds),
      fid_difference: Math.abs(reference.fid - ours.fid),
      kid_difference: Math.abs(reference.kid - ours.kid),
    });
  }
}
