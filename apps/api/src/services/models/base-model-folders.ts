// Finds the folders of base models: those on this machine, and published ones in the object store.
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { fetchPublishedModel, listPublishedModels, type ObjectStore } from '@styleforge/storage';
import type { FastifyBaseLogger } from 'fastify';

/** Minimum milliseconds between two listings of the published models. */
const STORE_ASKED_EVERY_MS = 5_000;

export interface BaseModelFoldersOptions {
  /** Folder with one folder for each base model. */
  directory: string;
  /** Folder for copies of published base models, which get everything but the weights. Absent: only the folders of this machine. */
  cacheDirectory?: string | undefined;
  objectStore: ObjectStore;
  log: FastifyBaseLogger;
}

/** Finds the folder of each base model. A folder of this machine has priority over a published model of the same name. */
export class BaseModelFolders {
  readonly #options: BaseModelFoldersOptions;
  #published: Promise<Map<string, string>> = Promise.resolve(new Map<string, string>());
  #askAgainAt = 0;

  constructor(options: BaseModelFoldersOptions) {
    this.#options = options;
  }

  /** Map from the name of each base model to its folder, sorted by name. */
  async all(): Promise<Map<string, string>> {
    const { directory } = this.#options;
    const entries = await readdir(directory, { withFileTypes: true }).catch(unlessAbsent([]));
    const local = entries.filter((entry) => entry.isDirectory() || entry.isSymbolicLink());
    const folders = new Map([...(await this.#fromStore()), ...local.map(({ name }) => [name, path.join(directory, name)] as const)]);
    return new Map([...folders].sort(([first], [second]) => (first < second ? -1 : 1)));
  }

  /** Lists a folder that may not exist. */
  async find(name: string): Promise<string> {
    const local = path.join(this.#options.directory, name);
    const isHere = (await stat(local).catch(unlessAbsent(null))) !== null;
    return isHere ? local : ((await this.#fromStore()).get(name) ?? local);
  }

  #fromStore(): Promise<Map<string, string>> {
    if (this.#options.cacheDirectory !== undefined && Date.now() >= this.#askAgainAt) {
      this.#askAgainAt = Date.now() + STORE_ASKED_EVERY_MS;
      this.#published = this.#fetch(this.#options.cacheDirectory, this.#published);
    }
    return this.#published;
  }

  /** Published models; the last known list while the store is unavailable. */
  async #fetch(cacheDirectory: string, known: Promise<Map<string, string>>): Promise<Map<string, string>> {
    const { objectStore, log } = this.#options;
    try {
      const folders = new Map<string, string>();
      for (const model of await listPublishedModels(objectStore)) {
        folders.set(model.name, await fetchPublishedModel(objectStore, model, cacheDirectory, 'headers'));
      }
      return folders;
    } catch (error) {
      log.error({ err: error }, 'the base models of the object store cannot be read; the list may be out of date');
      return known;
    }
  }
}

function unlessAbsent<T>(otherwise: T): (error: NodeJS.ErrnoException) => T {
  return (error) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return otherwise;
    throw error;
  };
}
