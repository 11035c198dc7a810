// Helpers of all engine benchmarks: print JSON lines, read the clock and the peak memory.
import { engineEnvironment, type EngineEnvironmentOptions, hasEngineEnvironment } from '@styleforge/config';
import { typeScript } from '@styleforge/launch';
import { execFileSync, spawn } from 'node:child_process';

export const print = (figure: Record<string, unknown>): void => console.log(JSON.stringify(figure));

export const secondsSince = (start: number): number => Number(((performance.now() - start) / 1000).toFixed(3));

export const peakGibibytes = (): number => Number((process.resourceUsage().maxRSS / 2 ** 20).toFixed(2));

export const residentGibibytes = (): number => Number((process.memoryUsage.rss() / 2 ** 30).toFixed(3));

/** Values of nvidia-smi for the first GPU; undefined if the tool is not installed or not permitted. */
export function nvidiaGpu(...properties: readonly string[]): string[] | undefined {
  try {
    const printed = execFileSync('nvidia-smi', [`--query-gpu=${properties.join()}`, '--format=csv,noheader,nounits'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return printed.split('\n')[0].split(', ');
  } catch (error) {
    if (['ENOENT', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

/** Memory in use on the first NVIDIA GPU. */
export function deviceGibibytes(): number | undefined {
  const mebibytes = nvidiaGpu('memory.used')?.[0];
  return mebibytes === undefined ? undefined : Number((Number(mebibytes) / 1024).toFixed(2));
}

/** Runs this program again in a process with the engine's environment, unless it has it already. Returns whether it did. */
export async function ranInEngineEnvironment(options: EngineEnvironmentOptions = {}): Promise<boolean> {
  if (hasEngineEnvironment(options)) return false;
  const child = spawn(process.execPath, [...typeScript(process.argv[1] ?? ''), ...process.argv.slice(2)], {
    env: engineEnvironment(options),
    stdio: 'inherit',
  });
  await new Promise<void>((done, fail) => {
    child.once('error', fail);
    child.once('exit', (code, signal) =>
      code === 0 ? done() : fail(new Error(`the benchmark ended by ${signal ?? `exit code ${code}`}`)),
    );
  });
  return true;
}
