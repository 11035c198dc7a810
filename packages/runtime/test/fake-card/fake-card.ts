// Compiles the simulated card (card.cpp) with the machine's C++ compiler, and creates engines on it.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CudaEngine } from '../../src/devices/cuda-engine.ts';
import { cuda } from '../../src/devices/cuda.ts';
import { type BlockDevice } from '../../src/devices/device.ts';
import { type Library, loadLibrary } from '../../src/native/load.ts';

const source = fileURLToPath(new URL('card.cpp', import.meta.url));
/** Sources of the library. */
const sources = [
  'card.cpp',
  'threads.h',
  ...['common.cuh', 'optimizer.cu', 'gradients.cu', 'attention.cu'].map((name) => `../../cuda/${name}`),
];

const COUNTS = [
  'launches',
  'allocations',
  'frees',
  'uploads',
  'uploadedBytes',
  'downloads',
  'downloadedBytes',
  'waits',
  'usedBytes',
] as const;
export type CardCounts = Record<(typeof COUNTS)[number], number>;

/** Differences from a usable machine: the driver's CUDA version, the card's compute capability, the error of counting the cards. */
export interface CardTraits {
  readonly driver?: number;
  readonly capability?: number;
  readonly failure?: number;
}

/** The compiled library, or why it could not be compiled. Multiply-adds are not fused, as in the PTX. */
function build(): { readonly path: string } | { readonly missing: string } {
  const hash = createHash('sha256');
  for (const file of sources) hash.update(readFileSync(new URL(file, import.meta.url)));
  const digest = hash.digest('hex').slice(0, 16);
  const folder = join(tmpdir(), `styleforge-fake-card-${digest}`);
  const path = join(folder, 'libcard.so');
  if (existsSync(path)) return { path };
  mkdirSync(folder, { recursive: true });
  const draft = join(folder, `draft-${process.pid}.so`);
  try {
    execFileSync('g++', ['-O1', '-w', '-std=c++17', '-ffp-contract=off', '-shared', '-fPIC', '-o', draft, source], { stdio: 'pipe' });
  } catch (error) {
    return { missing: `the simulated card could not be compiled: ${(error as Error).message.split('\n')[0]}` };
  }
  renameSync(draft, path);
  return { path };
}

const built = build();
/** The reason why the card cannot be simulated. */
export const missingCard = 'missing' in built ? built.missing : undefined;

export class FakeCard {
  readonly #library: Library;

  constructor({ bytes = 2 ** 32, cards = 1, traits }: { bytes?: number; cards?: number; traits?: CardTraits } = {}) {
    if (!('path' in built)) throw new Error(built.missing);
    this.#library = loadLibrary(built.path);
    (this.#library.func('card_reset', 'void', ['int64_t', 'int']) as (bytes: number, cards: number) => void)(bytes, cards);
    if (traits) this.#be(traits);
  }

  /** Makes tensor cores compute with all bits of float32. */
  roundNothing(): void {
    (this.#library.func('card_round', 'void', ['int']) as (does: number) => void)(0);
  }

  #be({ driver = 12000, capability = 90, failure = 0 }: CardTraits): void {
    const be = this.#library.func('card_be', 'void', ['int', 'int', 'int']) as (...traits: readonly number[]) => void;
    be(driver, capability, failure);
  }

  get counts(): CardCounts {
    const values = new BigInt64Array(COUNTS.length);
    (this.#library.func('card_counts', 'void', ['void *']) as (into: BigInt64Array) => void)(values);
    return Object.fromEntries(COUNTS.map((name, i) => [name, Number(values[i])])) as CardCounts;
  }

  engine(index = 0): CudaEngine {
    const libraries = { runtime: this.#library, driver: this.#library, version: 12 };
    return new CudaEngine({ index, libraries, computesOnProcessor: true });
  }

  /** The device `cuda` on this card. */
  device(): BlockDevice {
    const engine = this.engine();
    return { ...(cuda(0) as BlockDevice), engine: () => engine };
  }
}
