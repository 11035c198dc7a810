// What a worker tells the API of Kubernetes about its pod, by a server on this machine in that API's place.
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadConfig } from '@styleforge/config';
import { createLogger, PodDeletionCost } from '@styleforge/worker';
import { expect, it } from 'vitest';

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += String(chunk);
  return text;
}

it('annotates its own pod with the cost of deleting it, the newest state last', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'styleforge-pod-'));
  await writeFile(join(directory, 'token'), 'secret-token\n');
  await writeFile(join(directory, 'ca.crt'), '');
  const seen: unknown[] = [];
  const server = createServer((request, response) => {
    void textOf(request).then((body) => {
      const { method, url, headers } = request;
      seen.push([method, url, headers.authorization, headers['content-type'], JSON.parse(body)]);
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const apiServer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const cost = new PodDeletionCost(
    { name: 'worker-abc', namespace: 'style', apiServer, credentialsDirectory: directory },
    createLogger('silent'),
  );
  const patch = (value: string) => [
    'PATCH',
    '/api/v1/namespaces/style/pods/worker-abc',
    'Bearer secret-token',
    'application/merge-patch+json',
    { metadata: { annotations: { 'controller.kubernetes.io/pod-deletion-cost': value } } },
  ];
  try {
    cost.set(false);
    cost.set(true);
    for (const end = Date.now() + 30_000; Date.now() < end && seen.at(-1) === undefined; ) await sleep(20);
    await sleep(200);
    expect(seen.at(-1)).toEqual(patch('1000'));
    const told = seen.length;
    cost.set(true);
    await sleep(200);
    expect(seen.length).toBe(told);
    cost.set(false);
    for (const end = Date.now() + 30_000; Date.now() < end && seen.length === told; ) await sleep(20);
    expect(seen.at(-1)).toEqual(patch('0'));
  } finally {
    cost.stop();
    server.close();
    await rm(directory, { recursive: true, force: true });
  }
});

it("learns the pod's name from two settings, and does nothing without them", () => {
  expect(loadConfig({}).worker.pod).toBeUndefined();
  expect(loadConfig({ POD_NAME: 'a' }).worker.pod).toBeUndefined();
  expect(loadConfig({ POD_NAME: 'a', POD_NAMESPACE: 'b' }).worker.pod).toEqual({
    name: 'a',
    namespace: 'b',
    apiServer: 'https://kubernetes.default.svc',
    credentialsDirectory: '/var/run/secrets/kubernetes.io/serviceaccount',
  });
});
