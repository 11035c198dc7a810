// S3 servers for tests: one in the process, and a real one that checks signatures, where one is found.
import { spawn, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startFauxqs } from 'fauxqs';
import { freePort } from '@styleforge/stack';

export interface TestS3Server {
  /** As packages/config has them. */
  settings: { bucket: string; region: string; endpoint: string; forcePathStyle: boolean; accessKeyId: string; secretAccessKey: string };
  stop(): Promise<void>;
}

const region = 'us-east-1';
const readyMs = 30_000;

/** In memory; takes any signature. */
export async function startFauxS3(): Promise<TestS3Server> {
  const server = await startFauxqs({ port: 0, host: '127.0.0.1', logger: false });
  server.createBucket('styleforge');
  return {
    settings: { bucket: 'styleforge', region, endpoint: server.address, forcePathStyle: true, accessKeyId: 'test', secretAccessKey: 'test' },
    stop: () => server.stop(),
  };
}

const hasVersityGateway = spawnSync('versitygw', ['--version'], { stdio: 'ignore' }).status === 0;

/** Why no real server can be had, or undefined when one can. */
export const realS3Missing = hasVersityGateway
  ? undefined
  : 'there is no versitygw on the PATH (go install github.com/versity/versitygw/cmd/versitygw@v1.8.0)';

/** Versity S3 Gateway over a folder: real signatures, real multipart, real checksums. */
export async function startRealS3(): Promise<TestS3Server> {
  const directory = await mkdtemp(join(tmpdir(), 'styleforge-s3-'));
  const data = join(directory, 'data');
  // A folder of the gateway's root is a bucket.
  await Promise.all([mkdir(join(data, 'styleforge'), { recursive: true }), mkdir(join(directory, 'metadata'))]);
  const port = await freePort();
  const settings = { bucket: 'styleforge', region, endpoint: `http://127.0.0.1:${port}`, forcePathStyle: true, accessKeyId: 'test-access', secretAccessKey: 'test-secret-key' };
  const args = ['--port', `127.0.0.1:${port}`, '--access', settings.accessKeyId, '--secret', settings.secretAccessKey, '--region', region, '--quiet', '--keep-alive'];
  const child = spawn('versitygw', [...args, 'posix', '--sidecar', join(directory, 'metadata'), data], { stdio: 'ignore' });
  const ended = new Promise((done) => child.once('exit', done));
  const end = Date.now() + readyMs;
  while (!(await fetch(settings.endpoint).catch(() => undefined))) {
    if (child.exitCode !== null || Date.now() > end) throw new Error(`versitygw did not start; exit code ${child.exitCode}`);
    await sleep(50);
  }
  return {
    settings,
    async stop() {
      child.kill('SIGTERM');
      await ended;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** The real one where one is found. */
export const startS3 = (): Promise<TestS3Server> => (realS3Missing === undefined ? startRealS3() : startFauxS3());
