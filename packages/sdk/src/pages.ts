// Lists: `await` gives one page, `for await` every item.
export interface PageBody<Item> {
  data: Item[];
  has_more: boolean;
  next: string | null;
}

type Fetch<Item> = (after: string | undefined) => Promise<PageBody<Item>>;

export class Page<Item> implements AsyncIterable<Item> {
  readonly data: Item[];
  readonly has_more: boolean;
  /** The value for `after`. */
  readonly next: string | null;
  readonly #fetch: Fetch<Item>;

  constructor(body: PageBody<Item>, fetch: Fetch<Item>) {
    this.data = body.data;
    this.has_more = body.has_more;
    this.next = body.next;
    this.#fetch = fetch;
  }

  hasNextPage(): boolean {
    return this.has_more && this.next !== null;
  }

  async getNextPage(): Promise<Page<Item>> {
    if (!this.hasNextPage()) throw new Error('This is the last page; ask hasNextPage() first.');
    return new Page(await this.#fetch(this.next ?? undefined), this.#fetch);
  }

  async *iterPages(): AsyncGenerator<Page<Item>> {
    let page: Page<Item> = this;
    yield page;
    while (page.hasNextPage()) yield (page = await page.getNextPage());
  }

  /** The items of this page and of all following pages. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Item> {
    for await (const page of this.iterPages()) yield* page.data;
  }
}

/** Every item of every page, for lists that callers want completely. */
export async function allItems<Item>(fetch: Fetch<Item>): Promise<Item[]> {
  const items: Item[] = [];
  for await (const item of new PagePromise(fetch)) items.push(item);
  return items;
}

/** What a list method returns: a promise of its first page, and all its items. */
export class PagePromise<Item> implements PromiseLike<Page<Item>>, AsyncIterable<Item> {
  readonly #first: Promise<Page<Item>>;

  constructor(fetch: Fetch<Item>, after?: string) {
    this.#first = fetch(after).then((body) => new Page(body, fetch));
    // The error is thrown when the list is used, so it must not count as unhandled before.
    this.#first.catch(() => undefined);
  }

  then<A = Page<Item>, B = never>(
    done?: ((page: Page<Item>) => A | PromiseLike<A>) | null,
    fail?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#first.then(done, fail);
  }

  catch<B = never>(fail?: ((error: unknown) => B | PromiseLike<B>) | null): Promise<Page<Item> | B> {
    return this.#first.catch(fail);
  }

  finally(after?: (() => void) | null): Promise<Page<Item>> {
    return this.#first.finally(after);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Item> {
    yield* await this.#first;
  }
}
