// Limits the open requests of one kind (event streams, uploads) of each API key in this process.
import type { ErrorCode } from '@styleforge/contracts';
import type { FastifyReply } from 'fastify';
import { ApiError } from '../errors/api-error.ts';

export interface SlotLimits {
  perKey: number;
  /** Limit for all keys together; unlimited by default. */
  total?: number;
  code: ErrorCode;
  /** Plural name for messages, as in "20 event streams". */
  things: string;
  retrySeconds: number;
}

export class OpenSlots {
  readonly #limits: SlotLimits;
  readonly #open = new Map<string, number>();
  #total = 0;

  constructor(limits: SlotLimits) {
    this.#limits = limits;
  }

  /** Counts until the response is closed, by either side. Throws an ApiError when the limit is reached. */
  add(keyId: string, reply: FastifyReply): void {
    const { perKey, total = Number.POSITIVE_INFINITY, code, things, retrySeconds } = this.#limits;
    const open = this.#open.get(keyId) ?? 0;
    if (open >= perKey || this.#total >= total) {
      reply.header('retry-after', retrySeconds);
      const whose = open >= perKey ? `This API key has ${perKey} ${things} open` : `The service has ${total} ${things} open`;
      throw new ApiError(code, `${whose}, which is the maximum. Try again in ${retrySeconds} seconds.`);
    }
    // A caller that left before this point has closed the response already, and 'close' does not come again.
    if (reply.raw.destroyed) return;
    this.#open.set(keyId, open + 1);
    this.#total++;
    reply.raw.once('close', () => this.#remove(keyId));
  }

  #remove(keyId: string): void {
    this.#total--;
    const left = (this.#open.get(keyId) ?? 1) - 1;
    if (left === 0) this.#open.delete(keyId);
    else this.#open.set(keyId, left);
  }
}
