// `npm run chaos -- --minutes N --seed S`: kills and pauses the parts of a service while it works, and checks whether anything was lost.
import { resolve } from 'node:path';
import { realS3Missing, redisMissing } from '@styleforge/testing';
import { readCommandLine } from '../command-line.ts';
import { runChaos } from './run-chaos.ts';
import { smallDiskMissing } from './small-disk.ts';
import type { StackKind } from './stack.ts';

const { values } = readCommandLine({
  usage: 'npm run chaos --',
  about:
    'Disturbs a service while it works (kills, pauses, outages, slow connections, full disks, clock jumps), then ' +
    'checks that nothing was lost. Exits with 1 if something was.',
  options: {
    minutes: { type: 'string', default: '5', help: 'total time in minutes' },
    seed: { type: 'string', default: String(Date.now() % 100_000), help: 'seed of all random choices; a failing run prints it' },
    stack: { type: 'string', multiple: true, default: ['embedded', 'redis'], help: 'stacks to run on' },
    'models-directory': { type: 'string', default: 'models', help: 'folder of base models' },
    model: { type: 'string', default: 'styleforge-mini', help: 'base model to train' },
    resolution: { type: 'string', default: '64', help: 'resolution of the jobs' },
    steps: { type: 'string', default: '20', help: 'steps of the jobs' },
    checkpoints: { type: 'string', default: '5', help: 'steps between checkpoints, from which interrupted jobs continue' },
    'other-version': {
      type: 'string',
      help: 'checkout of another version with installed packages; its API and worker also run',
    },
    fault: { type: 'string', multiple: true, help: 'only faults of this name, such as "kill worker"' },
    'faults-per-round': { type: 'string', default: '6', help: 'maximum number of faults in a round' },
  },
});
const say = (line: string) => process.stdout.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`);
if (smallDiskMissing !== undefined) say(`no disk is filled: ${smallDiskMissing}`);
if (realS3Missing !== undefined) say(`S3 is a server within this process: ${realS3Missing}`);
const repeated = ['models-directory', 'model', 'resolution', 'steps', 'checkpoints', 'faults-per-round', 'other-version'] as const;
const others = [...repeated.map((name) => [name, values[name]]), ...(values.fault ?? []).map((fault) => ['fault', `"${fault}"`])]
  .flatMap(([name, value]) => (value === undefined ? [] : [` --${name} ${value}`]))
  .join('');
let failed = false;
for (const stack of values.stack as StackKind[]) {
  if (stack === 'redis' && redisMissing !== undefined) {
    say(`redis: skipped, ${redisMissing}`);
    continue;
  }
  const result = await runChaos({
    stack,
    minutes: Number(values.minutes) / values.stack.length,
    seed: Number(values.seed),
    modelsDirectory: resolve(values['models-directory']),
    model: values.model,
    resolution: Number(values.resolution),
    steps: Number(values.steps),
    checkpoints: Number(values.checkpoints),
    faultsPerRound: Number(values['faults-per-round']),
    ...(values['other-version'] && { otherVersion: resolve(values['other-version']) }),
    ...(values.fault && { faults: values.fault }),
    log: (line) => say(`${stack}: ${line}`),
  });
  say(`${stack}: ${JSON.stringify(result)}`);
  if (result.violations.length === 0) continue;
  failed = true;
  say(`${stack}: repeat this round with  npm run chaos -- --minutes 1 --seed ${result.seedOfLastRound} --stack ${stack}${others}`);
}
process.exit(failed ? 1 : 0);
