// Sets the pod-deletion-cost annotation, so that the ReplicaSet controller removes idle pods first when it scales down.
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import type { WorkerConfig } from '@styleforge/config';
import type { Logger } from '../logger.ts';

export type Pod = NonNullable<WorkerConfig['pod']>;

const ANNOTATION = 'controller.kubernetes.io/pod-deletion-cost';
/** Pods of lower cost go first; without the annotation it is 0. */
const BUSY_COST = '1000';
const IDLE_COST = '0';
const patienceMs = 5_000;
const retryMs = 10_000;

/** Sends the newest state, and repeats it until it succeeds. A lost update costs the work since a checkpoint, never a job. */
export class PodDeletionCost {
  readonly #pod: Pod;
  readonly #log: Logger;
  #wanted: string | undefined;
  #told: string | undefined;
  #running = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(pod: Pod, log: Logger) {
    this.#pod = pod;
    this.#log = log;
  }

  set(isBusy: boolean): void {
    this.#wanted = isBusy ? BUSY_COST : IDLE_COST;
    void this.#tell();
  }

  stop(): void {
    this.#wanted = undefined;
    clearTimeout(this.#timer);
  }

  async #tell(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    clearTimeout(this.#timer);
    try {
      while (this.#wanted !== undefined && this.#wanted !== this.#told) {
        const cost = this.#wanted;
        await annotate(this.#pod, cost);
        this.#told = cost;
      }
    } catch (error) {
      this.#log.warn({ err: error, pod: this.#pod.name }, 'the cost of deleting this pod could not be set; trying again');
      this.#timer = setTimeout(() => void this.#tell(), retryMs).unref();
    } finally {
      this.#running = false;
    }
  }
}

/** The token is read each time: Kubernetes replaces it every hour. */
async function annotate({ name, namespace, apiServer, credentialsDirectory }: Pod, cost: string): Promise<void> {
  const [token, ca] = await Promise.all([readFile(`${credentialsDirectory}/token`, 'utf8'), readFile(`${credentialsDirectory}/ca.crt`)]);
  const body = JSON.stringify({ metadata: { annotations: { [ANNOTATION]: cost } } });
  const url = new URL(`/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}`, apiServer);
  const headers = {
    authorization: `Bearer ${token.trim()}`,
    'content-type': 'application/merge-patch+json',
    'content-length': Buffer.byteLength(body),
  };
  await new Promise<void>((done, fail) => {
    // The settings allow only https; a proxy next to the worker may use http.
    const { request } = url.protocol === 'https:' ? https : http;
    const sent = request(url, { method: 'PATCH', ca, headers, timeout: patienceMs }, (response) => {
      const status = response.statusCode ?? 0;
      response.resume();
      response.on('end', () =>
        status < 300 ? done() : fail(new Error(`the Kubernetes API responded with ${status} to a patch of the pod ${name}`)),
      );
      response.on('error', fail);
    });
    sent.on('timeout', () => sent.destroy(new Error(`the Kubernetes API did not respond within ${patienceMs} ms`)));
    sent.on('error', fail);
    sent.end(body);
  });
}
