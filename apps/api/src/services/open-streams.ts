// How many event streams each API key has open in this process.
import type { FastifyReply } from 'fastify';
import { ApiError } from '../errors/api-error.ts';

const RETRY_SECONDS = 30;

export class OpenStreams {
  readonly #limit: number;
  readonly #open = new Map<string, number>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Counts until the answer is closed, by whichever side. Throws `too_many_event_streams`. */
  add(keyId: string, reply: FastifyReply): void {
    const open = this.#open.get(keyId) ?? 0;
    if (open >= this.#limit) {
      reply.header('retry-after', RETRY_SECONDS);
      throw new ApiError('too_many_event_streams', `This API key has ${this.#limit} event streams open, which is as many as it may have.`);
    }
    this.#open.set(keyId, open + 1);
    reply.raw.once('close', () => this.#remove(keyId));
  }

  #remove(keyId: string): void {
    const left = (this.#open.get(keyId) ?? 1) - 1;
    if (left === 0) this.#open.delete(keyId);
    else this.#open.set(keyId, left);
  }
}
