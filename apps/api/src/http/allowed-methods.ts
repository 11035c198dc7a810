// Finds the methods of a path, for requests with another method.
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

  /** Methods of a path; empty if it does not exist. A fixed path such as `/check` is not treated as an id. */
  of(path: string): string[] {
    const named = this.#routes.filter(({ url }) => url === path);
    const routes = named.length > 0 ? named : this.#routes.filter(({ pattern }) => pattern.test(path));
    return [...new Set(routes.flatMap(({ methods }) => methods))].sort();
  }

  /** Whether the path is a fixed one without this method, which the route for ids has matched instead. */
  takesNameForId(path: string, method: string): boolean {
    const named = this.#routes.filter(({ url }) => url === path);
    return named.length > 0 && !named.some(({ methods }) => methods.includes(method));
  }
}
