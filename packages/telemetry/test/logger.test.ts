// The log of a process, with an output that can be written and with one that cannot.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { typeScript } from '@styleforge/launch';
import { warnNotTested } from '@styleforge/testing';
import { expect, it } from 'vitest';

const program = typeScript(new URL('write-log.ts', import.meta.url));

it('writes every line immediately and in order', async () => {
  const child = spawn(process.execPath, program, { stdio: ['ignore', 'pipe', 'pipe'] });
  const lines = (await text(child.stdout))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { msg: string; level: number });
  expect(lines.map(({ msg, level }) => [msg, level])).toEqual([
    ['a line', 30],
    ['a line', 30],
    ['a line', 30],
    ['the last line', 60],
  ]);
});

it.skipIf(warnNotTested('a log that has no room', existsSync('/dev/full') ? undefined : 'there is no /dev/full'))(
  'ends nothing and holds up nothing where it has no room',
  async () => {
    const child = spawn('sh', ['-c', 'exec "$0" "$@" > /dev/full', process.execPath, ...program], {
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: 20_000,
    });
    const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
    expect([code, said]).toEqual([0, 'still there']);
  },
);
