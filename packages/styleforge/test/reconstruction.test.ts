// How well an autoencoder returns images: random weights lose them, the shipped ones do not.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sampleStyle } from '@styleforge/samples';
import { type Reconstruction, trainStyleForge, type TrainingImage } from '@styleforge/styleforge';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { fingerprint, tinyTraining, type TinyTraining } from './tiny-training.ts';

const shipped = fileURLToPath(new URL('../../../models/styleforge-mini', import.meta.url));
let tiny: TinyTraining;
beforeAll(async () => {
  tiny = await tinyTraining();
});

const twoSteps = { hyperparameters: { max_train_steps: 2 } as never };
const oneStep = { hyperparameters: { max_train_steps: 1 } as never };

async function sampleImages(style: string): Promise<TrainingImage[]> {
  const directory = join(tiny.directory, style);
  await mkdir(directory);
  return Promise.all(
    (await sampleStyle(style, { size: 64 })).slice(0, 6).map(async ({ fileName, png }) => {
      const path = join(directory, fileName);
      await writeFile(path, png);
      return { path };
    }),
  );
}

/** Every pixel at random: nothing that an autoencoder could keep. */
async function noiseImages(): Promise<TrainingImage[]> {
  return Promise.all(
    [1, 2, 3].map(async (seed) => {
      const path = join(tiny.directory, `noise-${seed}.png`);
      const values = Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => (Math.imul(i + seed, 2654435761) >>> 24) & 255);
      await sharp(values, { raw: { width: 64, height: 64, channels: 3 } }).toFile(path);
      return { path };
    }),
  );
}

describe('reconstruction of the StyleRef images', () => {
  it('is measured once, after the first step, and not again after a resume', async () => {
    const measured: Reconstruction[] = [];
    const onReconstruction = (reconstruction: Reconstruction): void => void measured.push(reconstruction);
    const { directory } = await trainStyleForge(tiny.options('first', oneStep, { onReconstruction }));
    expect(measured).toEqual([{ psnr: expect.any(Number) as number, images: 3 }]);
    expect(measured[0].psnr).toBeLessThan(15);
    const order: string[] = [];
    await trainStyleForge(
      tiny.options('order', twoSteps, {
        onReconstruction: () => void order.push('reconstruction'),
        onProgress: ({ step }) => void order.push(`step ${step}`),
      }),
    );
    expect(order).toEqual(['step 1', 'reconstruction', 'step 2']);
    const longer = { hyperparameters: { max_train_steps: 2 } as never };
    await trainStyleForge(tiny.options('resumed', longer, { onReconstruction, resumeFrom: directory }));
    expect(measured).toHaveLength(1);
  });

  it('changes no weights, and does not hold up a training that is to stop', async () => {
    const measured = await trainStyleForge(tiny.options('measured', twoSteps, { onReconstruction: () => undefined }));
    const without = await trainStyleForge(tiny.options('not-measured', twoSteps));
    expect(await fingerprint(measured.directory)).toEqual(await fingerprint(without.directory));
    const stopping = new AbortController();
    let isMeasured = false;
    const stopped = trainStyleForge(
      tiny.options('stopped', twoSteps, {
        signal: stopping.signal,
        onProgress: () => stopping.abort(),
        onReconstruction: () => void (isMeasured = true),
      }),
    );
    await expect(stopped).rejects.toThrow('aborted');
    expect(isMeasured).toBe(false);
  });

  it('distinguishes styles that the shipped autoencoder can reproduce from images that it cannot', async () => {
    const psnr = async (name: string, images: TrainingImage[]): Promise<number> => {
      let found = NaN;
      const onReconstruction = (reconstruction: Reconstruction): void => void (found = reconstruction.psnr);
      const options = tiny.options(
        name,
        { aux: null, hyperparameters: { max_train_steps: 1, resolution: 64 } as never },
        { onReconstruction },
      );
      await trainStyleForge({ ...options, baseModelDirectory: shipped, styleRef: [{ ...options.styleRef[0], images }], aux: null });
      return found;
    };
    expect(await psnr('fluent', await sampleImages('fluent'))).toBeGreaterThan(28);
    // a style that no part of the base model was trained on, on a colored ground
    expect(await psnr('poster', await sampleImages('poster'))).toBeGreaterThan(22);
    expect(await psnr('noise', await noiseImages())).toBeLessThan(15);
  });
});
