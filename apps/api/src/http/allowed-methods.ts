// Which methods a path has, for requests that name another one.
import type { RouteOptions } from 'fastify';

type KnownRoute = { url: string; pattern: RegExp; methods: string[] };

export class AllowedMethods {
  readonly #routes: KnownRoute[] = [];

  add({ url, method }: Pick<RouteOptions, 'url' | 'method'>): void {
    // Parameters match one part of a path, a star the rest of it.
    const parts = url
      .split(/(:\w+|\*)/)
      .map((part) => (part === '*' ? '.*' : part.startsWith(':') ? '[^/]+' : part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')));
    this.#routes.push({ url, pattern: new RegExp(`^${parts.join('')}$`), methods: [method].flat() });
  }

  /** Methods of a path; empty when there is nothing at this path. A path with a name of its own is not the id of something. */
  of(path: string): string[] {
    const named = this.#routes.filter(({ url }) => url === path);
    const routes = named.length > 0 ? named : this.#routes.filter(({ pattern }) => pattern.test(path));
    return [...new Set(routes.flatMap(({ methods }) => methods))].sort();
  }

  /** Whether the path has a name of its own that has no such method, so that the route for ids has taken it. */
  takesNameForId(path: string, method: string): boolean {
    const named = this.#routes.filter(({ url }) => url === path);
    return named.length > 0 && !named.some(({ methods }) => methods.includes(method));
  }
}
