// FID and KID of equal features against clean-fid and torch-fidelity.
import { readFile } from 'node:fs/promises';
import { features, frechetDistance, kernelDistance, type Features } from '@styleforge/metrics';
import { describe, expect, it } from 'vitest';
import { golden, uniforms } from './formula-pictures.ts';

interface Reference {
  name: string;
  real: number;
  generated: number;
  dimension: number;
  clean_fid: number;
  torch_fidelity_fid: number;
  clean_kid: number;
  torch_fidelity_kid: number;
}

const references = JSON.parse(await readFile(`${golden}distances.json`, 'utf8')) as Reference[];

/** Features as in test/golden/make-distances.py. */
function formulaFeatures(name: string, count: number, dimension: number, shift: number): Features {
  const u = uniforms(name, count * dimension);
  return features(
    Float32Array.from(u, (value, i) => {
      const column = i % dimension;
      const before = u[i - column + ((column + dimension - 1) % dimension)];
      return Math.max(0, (value + 0.5 * before + shift) * (0.1 + column / dimension));
    }),
    dimension,
  );
}

const firstRows = ({ data, dimension }: Features, count: number): Features => features(data.slice(0, count * dimension), dimension);

describe.each(references)('$name images ($real v. $generated of $dimension features)', (reference) => {
  const x = formulaFeatures(`${reference.name}.x`, reference.real, reference.dimension, 0.4);
  const y = formulaFeatures(`${reference.name}.y`, reference.generated, reference.dimension, 0.6);

  it('have the FID of clean-fid and torch-fidelity', async () => {
    const fid = await frechetDistance(x, y);
    expect(Math.abs(fid - reference.clean_fid)).toBeLessThan(1e-5);
    expect(Math.abs(fid - reference.torch_fidelity_fid)).toBeLessThan(1e-5);
  });

  it('have their KID', async () => {
    const size = Math.min(x.count, y.count);
    const { mean } = await kernelDistance(firstRows(x, size), firstRows(y, size), { subsets: 1 });
    expect(Math.abs(mean - reference.clean_kid)).toBeLessThan(1e-9);
    expect(Math.abs(mean - reference.torch_fidelity_kid)).toBeLessThan(1e-9);
  });
});
