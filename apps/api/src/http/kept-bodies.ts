// Cache of serialized response bodies, which are valid while their source is unchanged: most polls find nothing new.
import type { FastifyReply, FastifyRequest } from 'fastify';
import { serializerCompiler } from 'fastify-type-provider-zod';
import type { z } from 'zod';
import { etagOfText, isUnchanged, markAnswer } from './etag.ts';

const MOST_BODIES = 1_000;

type Kept = { version: string; text: string; etag: string };

export class KeptBodies<Body> {
  readonly #byKey = new Map<string, Kept>();
  readonly #serialize: (body: Body) => string;

  constructor(schema: z.ZodType) {
    // The response schema alone determines how a body is serialized.
    this.#serialize = serializerCompiler({ schema, method: 'GET', url: '' } as Parameters<typeof serializerCompiler>[0]);
  }

  /** `version` identifies everything that the body is made from; `make` is called if it differs from the stored one. */
  send(request: FastifyRequest, reply: FastifyReply, { key, version, make }: { key: string; version: string; make(): Body }): FastifyReply {
    const { text, etag } = this.#find(key, version) ?? this.#keep(key, version, make());
    markAnswer(reply, etag);
    return isUnchanged(request, etag) ? reply.code(304).send() : reply.type('application/json; charset=utf-8').send(text);
  }

  #find(key: string, version: string): Kept | undefined {
    const kept = this.#byKey.get(key);
    return kept?.version === version ? kept : undefined;
  }

  #keep(key: string, version: string, body: Body): Kept {
    const text = this.#serialize(body);
    const kept = { version, text, etag: etagOfText(text) };
    this.#byKey.delete(key);
    // The oldest goes first.
    if (this.#byKey.size >= MOST_BODIES) for (const oldest of this.#byKey.keys()) if (this.#byKey.delete(oldest)) break;
    this.#byKey.set(key, kept);
    return kept;
  }
}
