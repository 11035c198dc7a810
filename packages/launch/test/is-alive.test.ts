import { spawnSync } from 'node:child_process';
import { isAlive } from '@styleforge/launch';
import { expect, it } from 'vitest';

it('tells live processes, also of other users, from one that has ended', () => {
  expect([isAlive(process.pid), isAlive(1)]).toEqual([true, true]);
  expect(isAlive(spawnSync(process.execPath, ['--version']).pid)).toBe(false);
});
