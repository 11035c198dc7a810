// Preloaded into a process under test: its clock is ahead, or behind, by the seconds that a file holds, as on a machine whose clock is set.
import { readFileSync } from 'node:fs';

const file = new URL(import.meta.url).searchParams.get('file');
const everyMs = 200;
let shiftMs = 0;

function read() {
  try {
    // Whole milliseconds, as every clock has them.
    shiftMs = Math.round(Number(readFileSync(file, 'utf8')) * 1_000);
  } catch (error) {
    // The run that wrote it has ended; the processes under test end, too.
    if (error.code !== 'ENOENT') throw error;
  }
}

read();
setInterval(read, everyMs).unref();

const now = () => RealDate.now() + shiftMs;
const RealDate = Date;
globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, self) => Reflect.construct(target, args.length === 0 ? [now()] : args, self),
  apply: (target) => new target(now()).toString(),
  get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
});
