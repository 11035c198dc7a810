// A well-behaved caller: repeats each request with one Idempotency-Key until it is accepted, then waits for the work.
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { discPicture } from '@styleforge/testing';
import sharp from 'sharp';
import type { ChaosStack } from './stack.ts';

const retryMs = 300;
export type Work = { id: string; status: string; error: unknown };

export class Caller {
  readonly #stack: ChaosStack;
  readonly #key: string;
  readonly #until: number;
  #turn = 0;

  /** `patienceMs`: how long a request is repeated, and work is waited for. */
  constructor(stack: ChaosStack, key: string, patienceMs: number) {
    this.#stack = stack;
    this.#key = key;
    this.#until = Date.now() + patienceMs;
  }

  /** Repeats the request while there is no response, the service is not ready, or the same request is still running. */
  async call<Result>(method: string, path: string, body?: object | FormData, idempotencyKey?: string): Promise<Result> {
    const isForm = body instanceof FormData;
    const headers = {
      authorization: `Bearer ${this.#key}`,
      ...(body && !isForm && { 'content-type': 'application/json' }),
      ...(idempotencyKey && { 'idempotency-key': idempotencyKey }),
    };
    for (;;) {
      const request = { method, headers, signal: AbortSignal.timeout(30_000), ...(body && { body: isForm ? body : JSON.stringify(body) }) };
      const answer = await fetch(this.#nextUrl() + path, request).then(
        async (response) => ({ status: response.status, text: await response.text() }),
        (error: unknown) => ({ status: 0, text: String(error) }),
      );
      if (answer.status >= 200 && answer.status < 300) return JSON.parse(answer.text) as Result;
      const mayHelp = answer.status === 0 || answer.status >= 500 || answer.status === 429 || answer.status === 409;
      if (!mayHelp || Date.now() > this.#until) throw new Error(`${method} ${path} ended with ${answer.status}: ${answer.text}`);
      const broken = this.#stack.givenUp();
      if (broken) throw broken;
      await sleep(retryMs);
    }
  }

  /** Alternates between the running versions, like a load balancer. */
  #nextUrl(): string {
    const { urls } = this.#stack;
    return urls[this.#turn++ % urls.length] ?? this.#stack.service.url;
  }

  async createDataset(kind: 'style_ref' | 'aux', hues: number[]): Promise<string> {
    const { id } = await this.call<{ id: string }>('POST', '/v1/datasets', { name: kind, kind });
    const form = new FormData();
    for (const hue of hues) form.append('files', new Blob([await discPicture(hue)], { type: 'image/png' }), `${hue}.png`);
    await this.call('POST', `/v1/datasets/${id}/images`, form);
    return id;
  }

  /** SHA-256 of an image's pixels. */
  async pixelsOf(url: string): Promise<string> {
    for (;;) {
      const image = await fetch(new URL(url, this.#nextUrl()), { headers: { authorization: `Bearer ${this.#key}` } })
        .then(async (response) => (response.ok ? Buffer.from(await response.arrayBuffer()) : undefined))
        .catch(() => undefined);
      if (image)
        return createHash('sha256')
          .update(await sharp(image).raw().toBuffer())
          .digest('hex');
      if (Date.now() > this.#until) throw new Error(`${url} cannot be fetched`);
      await sleep(retryMs);
    }
  }

  async untilEnded(path: string): Promise<Work> {
    for (;;) {
      const work = await this.call<Work>('GET', path);
      if (['succeeded', 'failed', 'cancelled'].includes(work.status)) return work;
      if (Date.now() > this.#until) throw new Error(`${path} never ended: ${JSON.stringify(work)}`);
      await sleep(retryMs);
    }
  }
}
