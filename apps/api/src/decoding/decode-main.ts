// A process that decodes images, one at a time. If an image crashes its decoder, the API continues.
import { readFile, writeFile } from 'node:fs/promises';
import { setPriority } from 'node:os';
import sharp from 'sharp';
import { ImageRefusal } from './image-refusal.ts';
import { DECODE_LIMITS, type DecodeResult, type DecodeTask, maskBeside, OVER_LIMIT_EXITS } from './messages.ts';
import { alphaOf, grayOf, normalizeImage } from './normalize-image.ts';

const WATCH_MS = 20;
const NICE = 5;

sharp.cache(false);
sharp.concurrency(1);
setPriority(NICE);

async function decode(task: DecodeTask): Promise<DecodeResult> {
  const bytes = await readFile(task.input);
  if (task.kind === 'normalize') {
    const { png, width, height } = await normalizeImage(bytes, task.declared);
    await writeFile(task.output, png);
    const alpha = await alphaOf(png);
    if (alpha !== null) await writeFile(maskBeside(task.output), alpha);
    return { status: 'done', width, height, hasMask: alpha !== null };
  }
  if (task.kind === 'mask') {
    const { png, width, height } = await normalizeImage(bytes, task.declared);
    await writeFile(task.output, await grayOf(png));
    return { status: 'done', width, height };
  }
  const { side, quality } = task;
  const image = sharp(bytes).resize(side, side, { fit: 'inside', withoutEnlargement: true }).webp({ quality });
  const { data, info } = await image.toBuffer({ resolveWithObject: true });
  await writeFile(task.output, data);
  return { status: 'done', width: info.width, height: info.height };
}

function resultOf(error: unknown): DecodeResult {
  if (error instanceof ImageRefusal) return { status: 'refused', code: error.code, detail: error.message };
  const { message, code } = error as NodeJS.ErrnoException;
  return { status: 'failed', message, ...(code && { errorCode: code }) };
}

/** Ends the process when the image exceeds its limits. The decoder uses its own threads, so this timer still runs. */
function watchCosts(): NodeJS.Timeout {
  const before = process.cpuUsage();
  return setInterval(() => {
    const { user, system } = process.cpuUsage(before);
    if (user + system > DECODE_LIMITS.processorSeconds * 1e6) process.exit(OVER_LIMIT_EXITS.processor);
    if (process.memoryUsage.rss() > DECODE_LIMITS.residentMegabytes * 2 ** 20) process.exit(OVER_LIMIT_EXITS.memory);
  }, WATCH_MS);
}

process.on('message', (task: DecodeTask) => {
  const watch = watchCosts();
  void decode(task)
    .catch(resultOf)
    .then((result) => {
      clearInterval(watch);
      process.send?.(result);
    });
});
process.on('disconnect', () => process.exit(0));
// Ctrl-C in a terminal reaches the whole group; the API decides when this process ends.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
