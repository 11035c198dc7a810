// Cache of serialized response bodies, which are valid while their source is unchanged: most polls find nothing new.
import type { FastifyReply, FastifyRequest } from 'fastify';
import { serializerCompiler } from 'fastify-type-provider-zod';
import type { z } from 'zod';
import { etagOfText, isUnchanged, markAnswer } from './etag.ts';

const MOST_BODIES = 1_000;

type Kept = { version: string; text: string; etag: string };

/** `version` identifies everything that the body is made from. */
export type Versioned<Body> = { version: string; make(): Body };

export class KeptBodies<Body> {
  readonly #byKey = new Map<string, Kept>();
  readonly #serialize: (body: Body) => string;

  constructor(schema: z.ZodType) {
    // The response schema alone determines how a body is serialized.
    this.#serialize = serializerCompiler({ schema, method: 'GET', url: '' } as Parameters<typeof serializerCompiler>[0]);
  }

  /** `read` receives the version whose text is stored. It returns null if that is the present version. */
  async send(
    request: FastifyRequest,
    reply: FastifyReply,
    { key, read }: { key: string; read(known: string | undefined): Promise<Versioned<Body> | null> },
  ): Promise<FastifyReply> {
    const known = this.#byKey.get(key);
    const changed = await read(known?.version);
    const { text, etag } = changed === null ? known! : this.#keep(key, changed);
    markAnswer(reply, etag);
    return isUnchanged(request, etag) ? reply.code(304).send() : reply.type('application/json; charset=utf-8').send(text);
  }

  #keep(key: string, { version, make }: Versioned<Body>): Kept {
    const other = this.#byKey.get(key);
    if (other?.version === version) return other;
    const text = this.#serialize(make());
    const kept = { version, text, etag: etagOfText(text) };
    this.#byKey.delete(key);
    // The oldest goes first.
    if (this.#byKey.size >= MOST_BODIES) for (const oldest of this.#byKey.keys()) if (this.#byKey.delete(oldest)) break;
    this.#byKey.set(key, kept);
    return kept;
  }
}
