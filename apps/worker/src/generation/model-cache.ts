// The models that generations use: their files on the local disk, and which of them stay loaded in the generation process.
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { WorkerConfig } from '@styleforge/config';
import type { GenerationDetail } from '@styleforge/database';
import { isAlive } from '@styleforge/launch';
import { findBaseModel } from '../base-model.ts';
import { JobInputError } from '../errors.ts';
import type { GenerationTask } from '../processes/generation-messages.ts';
import { type GenerationEvents, type GenerationOptions, GenerationProcess } from '../processes/generation-process.ts';
import { fetchAdapters, fetchCheckpointModel } from '../local-copies.ts';
import type { Services } from '../services.ts';

export type ModelServices = Services<'database' | 'objectStore' | 'baseModelsDirectory' | 'baseModelCacheDirectory' | 'log'>;

interface CachedModel {
  directory: string;
  ready: Promise<void>;
  users: number;
  /** Bytes of its weights in memory; known when it is loaded. */
  bytes: number;
  /** Whether the folder is a copy that may be removed; a base model's own folder may not. */
  isCopy: boolean;
}

export type ModelCacheLimits = Pick<WorkerConfig, 'generationModels' | 'generationModelsMB'>;

export interface ModelCacheEvents extends GenerationEvents {
  /** Called when an unused copy of a model could not be removed. */
  onLeftBehind(error: unknown): void;
}

export class ModelCache {
  readonly #directory: string;
  readonly #limits: ModelCacheLimits;
  readonly #events: ModelCacheEvents;
  readonly #process: GenerationProcess;
  /** Models in the order of their last use, the oldest first. */
  readonly #models = new Map<string, CachedModel>();
  #copies = 0;

  /** `directory` must contain nothing but copies of checkpoints. */
  constructor(directory: string, limits: ModelCacheLimits, events: ModelCacheEvents) {
    this.#directory = directory;
    this.#limits = limits;
    this.#events = events;
    this.#process = new GenerationProcess({
      ...events,
      onLoaded: (loaded) => {
        const model = [...this.#models.values()].find((candidate) => candidate.directory === loaded.modelDirectory);
        if (model) model.bytes = loaded.weightBytes;
        events.onLoaded(loaded);
        this.#makeRoom();
      },
    });
  }

  /**
   * Generates with the generation's model. `alone`: in a separate process, so that a generation that kills its process interrupts no other.
   */
  async generate(
    generation: GenerationDetail,
    task: Omit<GenerationTask, 'modelDirectory'>,
    options: GenerationOptions & { alone: boolean },
    services: ModelServices,
  ) {
    const model = await this.#open(generation, services);
    model.users += 1;
    const own = options.alone ? new GenerationProcess({ ...this.#events, onLoaded: () => undefined }) : undefined;
    try {
      this.#makeRoom();
      await model.ready;
      return await (own ?? this.#process).generate({ ...task, modelDirectory: model.directory }, options);
    } finally {
      model.users -= 1;
      await own?.close();
      this.#makeRoom();
    }
  }

  async close(): Promise<void> {
    await this.#process.close();
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #open(generation: GenerationDetail, services: ModelServices): Promise<CachedModel> {
    const { baseModel, checkpointId, config } = generation;
    const { adapters } = config;
    const base = baseModel === null ? null : await findBaseModel(baseModel, services);
    // A base model that has been published again has another folder.
    const name = base ?? checkpointId ?? '';
    const key = adapters.length > 0 ? `${name} ${JSON.stringify(adapters)}` : name;
    const model = this.#models.get(key) ?? this.#add(generation, base, services);
    this.#models.delete(key);
    this.#models.set(key, model);
    model.ready.catch(() => this.#models.get(key) === model && this.#models.delete(key));
    return model;
  }

  #add(generation: GenerationDetail, base: string | null, services: ModelServices): CachedModel {
    const { baseModel, checkpointId, config } = generation;
    if (base !== null && config.adapters.length === 0) {
      return { directory: base, ready: Promise.resolve(), users: 0, bytes: 0, isCopy: false };
    }
    if (base === null && checkpointId === null) throw new JobInputError(`model: the checkpoint ${config.model} has been deleted`);
    // Each copy gets a new folder, because the previous one may be in the process of being removed.
    const directory = join(this.#directory, `${checkpointId ?? baseModel}.${++this.#copies}`);
    return { directory, ready: this.#fetch(generation, base, directory, services), users: 0, bytes: 0, isCopy: true };
  }

  async #fetch(
    { checkpointId, projectId, config }: GenerationDetail,
    base: string | null,
    directory: string,
    services: ModelServices,
  ): Promise<void> {
    const { adapters } = config;
    const own = adapters.length > 0 ? join(directory, 'model') : directory;
    if (base === null) await fetchCheckpointModel({ projectId, checkpointId: checkpointId!, field: 'model' }, own, services);
    if (adapters.length === 0) return;
    await fetchAdapters(base ?? own, adapters, { projectId, directory }, services);
  }

  /** Frees models until the limit is met; the last used model stays, however large it is. */
  #makeRoom(): void {
    const { generationModels, generationModelsMB } = this.#limits;
    const total = () => [...this.#models.values()].reduce((sum, { bytes }) => sum + bytes, 0);
    for (const [key, model] of [...this.#models].slice(0, -1)) {
      if (this.#models.size <= generationModels && total() <= generationModelsMB * 1e6) return;
      if (model.users > 0) continue;
      this.#models.delete(key);
      this.#process.forget(model.directory);
      if (model.isCopy) rm(model.directory, { recursive: true, force: true }).catch((error: unknown) => this.#events.onLeftBehind(error));
    }
  }
}

/** A folder for this process; those of processes that were killed are removed. */
export async function ownModelDirectory(scratchDirectory: string): Promise<string> {
  const parent = join(scratchDirectory, 'models');
  await mkdir(parent, { recursive: true });
  for (const name of await readdir(parent)) {
    if (name === String(process.pid) || !isAlive(Number(name))) await rm(join(parent, name), { recursive: true, force: true });
  }
  return join(parent, String(process.pid));
}
