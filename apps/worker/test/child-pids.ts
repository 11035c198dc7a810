// The child processes of this process that run a program, by the end of its path.
import { spawnSync } from 'node:child_process';

export const childPids = (program: string): number[] =>
  spawnSync('ps', ['-o', 'pid=,args=', '--ppid', String(process.pid)], { encoding: 'utf8' })
    .stdout.split('\n')
    .filter((line) => line.includes(program))
    .map((line) => Number.parseInt(line, 10));
