// What the benchmark of a training step refuses.
import { expect, it } from 'vitest';
import { run } from '../src/bench/engine/train.ts';

it('refuses a batch that has no two equal halves, before it reads other options', async () => {
  await expect(run(['--batch', '3', '--threads', 'none'])).rejects.toThrow(
    '--batch 3: give an even number; half of the samples are of StyleRef, half of Aux',
  );
  await expect(run(['--batch', '0', '--threads', 'none'])).rejects.toThrow('--batch 0: give a whole number from 2 on');
  await expect(run(['--batch', '4', '--threads', 'none'])).rejects.toThrow('--threads none: ');
});
