// The services that the suite talks to: any one (STYLEFORGE_URL and STYLEFORGE_KEY), or those that it starts as programs of their own.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { hasRedis, redisMissing, s3Environment, startRedis, startS3, warnNotTested } from '@styleforge/testing';
import { makeTinyBaseModel, makeTinyExtractor } from '../integration/tiny-base-model.ts';

export type ServiceUnderTest = { url: string; key: string; stop(): Promise<void> };

const root = fileURLToPath(new URL('../..', import.meta.url));
const READY_MS = 240_000;

/** Each opens one service. */
export const services: Record<string, () => Promise<ServiceUnderTest>> = servicesOf(process.env);

function servicesOf({ STYLEFORGE_URL: url, STYLEFORGE_KEY: key }: NodeJS.ProcessEnv): typeof services {
  if (url === undefined) {
    warnNotTested('the service on Redis and S3', redisMissing);
    return { 'the embedded default': () => startService({}), ...(hasRedis && { 'Redis and S3': startOnRedisAndS3 }) };
  }
  if (key === undefined) throw new Error('STYLEFORGE_KEY: set it to an admin key of the service at STYLEFORGE_URL');
  return { [url]: async () => ({ url, key, stop: async () => undefined }) };
}

async function startOnRedisAndS3(): Promise<ServiceUnderTest> {
  const [redis, s3] = await Promise.all([startRedis(), startS3()]);
  const stop = async () => void (await Promise.all([redis.stop(), s3.stop()]));
  try {
    const service = await startService({ REDIS_URL: redis.redisUrl, ...s3Environment(s3) });
    return { ...service, stop: async () => service.stop().finally(stop) };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startService(settings: Record<string, string>): Promise<ServiceUnderTest> {
  const directory = await mkdtemp(path.join(tmpdir(), 'styleforge-acceptance-'));
  await makeTinyBaseModel(path.join(directory, 'models', 'tiny'));
  await makeTinyExtractor(path.join(directory, 'models', 'mini-clip'));
  const env = {
    ...process.env,
    PORT: '0',
    DATA_DIRECTORY: path.join(directory, 'data'),
    BASE_MODELS_DIRECTORY: path.join(directory, 'models'),
    ...settings,
  };
  const child = spawn(process.execPath, ['packages/launch/src/run.mjs', 'apps/lab/src/start/main.ts'], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const stop = async () => {
    if (child.exitCode === null) {
      const ended = new Promise((done) => child.once('exit', done));
      child.kill('SIGTERM');
      await ended;
    }
    await rm(directory, { recursive: true, force: true });
  };
  try {
    return { ...(await untilReady(child)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What `npm start` prints is all that it is known by. */
function untilReady(child: ChildProcess): Promise<{ url: string; key: string }> {
  return new Promise((done, fail) => {
    let said = '';
    const timer = setTimeout(() => fail(new Error(`the service did not say that it is ready: ${said}`)), READY_MS);
    child.once('exit', (code) => fail(new Error(`the service ended with ${code}: ${said}`)));
    child.stdout?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      const [, url] = /API\s+(http\S+)\/v1/.exec(said) ?? [];
      const [key] = /sf_[\w-]{43}/.exec(said) ?? [];
      if (url === undefined || key === undefined) return;
      clearTimeout(timer);
      done({ url, key });
    });
  });
}
