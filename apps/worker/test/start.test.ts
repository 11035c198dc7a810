// What a worker refuses to start with, as the process that an operator starts.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { environmentOf, loadConfig } from '@styleforge/config';
import { typeScript } from '@styleforge/launch';
import { warnNotTested } from '@styleforge/testing';
import { expect, it } from 'vitest';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const binaries = join(
  dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json')),
  'bin/napi-v6',
  process.platform,
  process.arch,
);
const cudaInstalled = existsSync(join(binaries, 'libonnxruntime_providers_cuda.so'))
  ? "onnxruntime's CUDA provider is installed"
  : undefined;

/** `further`: what is no setting of the worker; VK_DRIVER_FILES names the only Vulkan drivers that are looked at. */
async function start(settings: Record<string, string>, further: Record<string, string> = {}): Promise<{ code: unknown; output: string }> {
  const env = { ...environmentOf(loadConfig({ DATABASE_URL: 'postgres://127.0.0.1:1/none', ...settings })), ...further };
  const child = spawn(process.execPath, typeScript(main), { env, stdio: ['ignore', 'pipe', 'ignore'] });
  const output = text(child.stdout);
  const [code] = await once(child, 'exit');
  return { code, output: await output };
}

it.skipIf(warnNotTested('that a worker refuses cuda where it is absent', cudaInstalled))(
  'refuses a device that is absent, and names the setting and the remedy',
  async () => {
    const { code, output } = await start({ DEVICE: 'cuda' });
    expect(code).toBe(1);
    expect(output).toMatch(/DEVICE: cuda is not available on this machine: .*ONNXRUNTIME_NODE_INSTALL=cuda12.*DEVICE=cpu/);
  },
);

it('refuses webgpu if there is none, and names the setting and the remedy', async () => {
  const { code, output } = await start({ DEVICE: 'webgpu' }, { VK_DRIVER_FILES: '/dev/null' });
  expect(code).toBe(1);
  expect(output).toMatch(/DEVICE: webgpu is not available on this machine: .*libvulkan1.*DEVICE=cpu/s);
});

it('refuses an unknown queue', async () => {
  const { code, output } = await start({ WORKER_QUEUES: 'train:1,paint:2' });
  expect(code).toBe(1);
  expect(output).toMatch(/WORKER_QUEUES: there is no queue paint; choose from train, generate/);
});

it('refuses a database that it cannot open, and names the setting', async () => {
  const { code, output } = await start({ DATABASE_URL: 'postgres://somebody:wrong-secret@127.0.0.1:1/none' });
  expect(code).toBe(1);
  expect(output).toMatch(/DATABASE_URL: the database none at 127\.0\.0\.1:1 cannot be opened by somebody: .*ECONNREFUSED/);
  expect(output).not.toContain('wrong-secret');
});
