// Which methods a path has, for requests that name another one.
import type { RouteOptions } from 'fastify';

type KnownRoute = { pattern: RegExp; methods: string[] };

export class AllowedMethods {
  readonly #routes: KnownRoute[] = [];

  add({ url, method }: Pick<RouteOptions, 'url' | 'method'>): void {
    // Parameters match one part of a path, a star the rest of it.
    const parts = url
      .split(/(:\w+|\*)/)
      .map((part) => (part === '*' ? '.*' : part.startsWith(':') ? '[^/]+' : part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')));
    this.#routes.push({ pattern: new RegExp(`^${parts.join('')}$`), methods: [method].flat() });
  }

  /** Empty when there is nothing at this path. */
  of(path: string): string[] {
    return [...new Set(this.#routes.filter(({ pattern }) => pattern.test(path)).flatMap(({ methods }) => methods))].sort();
  }
}
