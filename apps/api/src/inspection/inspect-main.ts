// A process that inspects one uploaded adapter. If the file crashes the process, the API continues.
import { setPriority } from 'node:os';
import { checkAdapter, fitsBase, inspectAdapter, keptFileName, ModelFileError } from '@styleforge/model-files';
import { INSPECTION_LIMITS, type InspectionResult, type InspectionTask, OVER_MEMORY_EXIT } from './messages.ts';

const WATCH_MS = 20;
const NICE = 5;
const BYTES_PER_MB = 2 ** 20;

setPriority(NICE);
setInterval(() => {
  if (process.memoryUsage.rss() > INSPECTION_LIMITS.residentMegabytes * BYTES_PER_MB) process.exit(OVER_MEMORY_EXIT);
}, WATCH_MS).unref();

async function inspect({ file, fileName, base }: InspectionTask): Promise<InspectionResult> {
  const adapter = await inspectAdapter(file, fileName);
  const misfit = fitsBase(adapter, base);
  if (misfit !== null) return { status: 'misfit', detail: misfit };
  await checkAdapter(file, adapter.kind, base.directory);
  return { status: 'done', adapter, keptFileName: await keptFileName(file, fileName) };
}

process.on('message', (task: InspectionTask) => {
  void inspect(task)
    .catch((error: unknown): InspectionResult => {
      if (error instanceof ModelFileError && error.path === task.file) return { status: 'refused', detail: error.fault };
      return { status: 'failed', message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    })
    .then((result) => process.send?.(result));
});
process.on('disconnect', () => process.exit(0));
// Ctrl-C in a terminal reaches the whole group; the API decides when this process ends.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
