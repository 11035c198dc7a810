// Starting a program with arguments: TypeScript through the launcher, plain JavaScript directly.
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { forkTypeScript } from '@styleforge/launch';
import { expect, it } from 'vitest';

it.each(['mjs', 'ts'])('passes its arguments to a program in .%s', async (extension) => {
  const directory = await mkdtemp(join(tmpdir(), 'styleforge-fork-'));
  const program = join(directory, `program.${extension}`);
  await writeFile(program, 'process.send?.(process.argv.slice(2));');
  try {
    const child = forkTypeScript(program, ['one', 'two'], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    const [[received]] = await Promise.all([once(child, 'message'), once(child, 'exit')]);
    expect(received).toEqual(['one', 'two']);
  } finally {
    await rm(directory, { recursive: true });
  }
});
