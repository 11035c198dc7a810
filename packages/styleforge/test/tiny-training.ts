// A tiny base model, images, and the settings of a run of a few steps, for tests of adaptations.
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { METHOD_HYPERPARAMETERS } from '@styleforge/contracts';
import { type StyleForgeConfig, type TrainingImage, type TrainStyleForgeOptions } from '@styleforge/styleforge';
import sharp from 'sharp';
import { makeTinyBaseModel } from '../../../test/integration/tiny-base-model.ts';

export interface TinyTraining {
  readonly directory: string;
  readonly base: string;
  options(name: string, config: Partial<StyleForgeConfig>, more?: Partial<TrainStyleForgeOptions>): TrainStyleForgeOptions;
}

const hyperparameters = {
  ...METHOD_HYPERPARAMETERS,
  max_train_steps: 4,
  learning_rate: 1e-2,
  resolution: 32,
  gradient_checkpointing: false,
};

/** `makeBase` writes the base model; `resolution` is what fits it. */
export async function tinyTraining(makeBase = makeTinyBaseModel, resolution = 32): Promise<TinyTraining> {
  const directory = await mkdtemp(join(tmpdir(), 'styleforge-adaptations-'));
  const base = join(directory, 'base');
  await makeBase(base);
  const images = async (group: string): Promise<TrainingImage[]> =>
    Promise.all(
      [20, 70, 120].map(async (hue, i) => {
        const path = join(directory, `${group}-${i}.png`);
        const pixels = Uint8Array.from(
          { length: 40 * 32 * 3 },
          (_, k) => (hue * (1 + (k % 3)) + group.length + 7 * Math.floor(k / 9)) % 256,
        );
        await sharp(pixels, { raw: { width: 40, height: 32, channels: 3 } })
          .png()
          .toFile(path);
        return { path };
      }),
    );
  const [styleRef, aux] = [await images('style'), await images('aux')];
  return {
    directory,
    base,
    options: (name, config, more = {}) => ({
      baseModelDirectory: base,
      workDirectory: join(directory, name),
      styleRef: [{ component: 'all', prompt: 'a photo of zwx style', images: styleRef }],
      aux: { prompt: 'a photo of style', images: aux },
      ...more,
      config: { aux: { weight: 1 }, ...config, hyperparameters: { ...hyperparameters, resolution, ...config.hyperparameters } },
    }),
  };
}

/** sha256 of every file of a checkpoint. */
export async function fingerprint(directory: string): Promise<Record<string, string>> {
  const files = (await readdir(directory, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const paths = files.map(({ parentPath, name }) => join(parentPath, name)).sort();
  const hashes = await Promise.all(
    paths.map(async (path) =>
      createHash('sha256')
        .update(await readFile(path))
        .digest('hex'),
    ),
  );
  return Object.fromEntries(paths.map((path, i) => [path.slice(directory.length + 1), hashes[i]]));
}
