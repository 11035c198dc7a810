// A job's checkpoints in the object store: files first, manifest last, then the database row.
import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { jobMetric } from '@styleforge/contracts';
import type { MetricPoint, TrainingJobRow } from '@styleforge/database';
import { checkpointPrefix, checkpointsPrefix, downloadObject, manifestName, ObjectNotFoundError } from '@styleforge/storage';
import { withSpan } from '@styleforge/telemetry';
import { z } from 'zod';
import type { Services } from '../services.ts';

const manifest = z.object({
  job_id: z.string(),
  step: z.number(),
  files: z.array(z.object({ path: z.string(), size: z.number(), sha256: z.string() })),
  /**
   * Points of the loss curve that were not in the database when the checkpoint was made: a resumed job does not compute them again. A
   * failure to store them does not discard the checkpoint.
   */
  points: z.array(jobMetric).catch([]),
});
type Manifest = z.infer<typeof manifest>;

export interface SavedCheckpoint {
  id: string;
  step: number;
  sizeBytes: number;
}

export interface SaveOptions {
  /** The step of a checkpoint that the limit does not touch. */
  readonly keep?: number | null;
  readonly points?: MetricPoint[];
}

export class CheckpointStore {
  readonly #job: TrainingJobRow;
  readonly #services: Services<'database' | 'objectStore' | 'log' | 'metrics'>;

  constructor(job: TrainingJobRow, services: Services<'database' | 'objectStore' | 'log' | 'metrics'>) {
    this.#job = job;
    this.#services = services;
  }

  async save(step: number, directory: string, options: SaveOptions = {}): Promise<SavedCheckpoint> {
    const start = performance.now();
    const saved = await withSpan('checkpoint', { attributes: { 'styleforge.step': step } }, () => this.#save(step, directory, options));
    this.#services.metrics?.observe('styleforge_checkpoint_seconds', {}, (performance.now() - start) / 1_000);
    return saved;
  }

  async #save(step: number, directory: string, { keep = null, points = [] }: SaveOptions): Promise<SavedCheckpoint> {
    const { id: jobId, projectId, attempt, config } = this.#job;
    const prefix = checkpointPrefix(projectId, jobId, step, attempt);
    const files: Manifest['files'] = [];
    for (const path of await filesBelow(directory)) {
      files.push({ path, ...(await this.#services.objectStore.put(prefix + path, { file: join(directory, path) })) });
    }
    const content: Manifest = { job_id: jobId, step, files, points };
    await this.#services.objectStore.put(prefix + manifestName, Buffer.from(`${JSON.stringify(content, null, 2)}\n`));
    const saved = await this.#record(prefix, content);
    const { checkpoints_total_limit: limit } = config.hyperparameters;
    if (limit !== null) await this.#prune(limit, keep);
    return saved;
  }

  /**
   * Puts store and database in agreement after a worker died between two writes: a checkpoint with its manifest gets its row,
   * one without is removed.
   */
  async reconcile(): Promise<void> {
    const { id: jobId, projectId } = this.#job;
    const { database, objectStore, log } = this.#services;
    const rows = await database.checkpoints.list(projectId, jobId);
    const known = new Set(rows.map(({ objectPrefix }) => objectPrefix));
    const knownSteps = new Set(rows.map(({ step }) => step));
    for (const [prefix, paths] of await this.#stored()) {
      if (known.has(prefix)) continue;
      const content = paths.has(manifestName) ? await this.#readManifest(prefix) : undefined;
      if (content && !knownSteps.has(content.step)) {
        await this.#record(prefix, content);
        knownSteps.add(content.step);
        log.info({ jobId, step: content.step }, 'a checkpoint was complete in the store without a row; its row is written');
      } else {
        await objectStore.deletePrefix(prefix);
        log.info({ jobId, prefix }, 'an incomplete checkpoint is removed');
      }
    }
  }

  /** Copies the latest checkpoint whose files are all intact; undefined if there is none. */
  async restoreLatest(directory: string): Promise<(SavedCheckpoint & { directory: string }) | undefined> {
    const { id: jobId, projectId } = this.#job;
    const rows = await this.#services.database.checkpoints.list(projectId, jobId);
    for (const row of rows.toReversed()) {
      const target = join(directory, String(row.step));
      const broken = await this.#download(row.objectPrefix, row.files, target);
      if (broken === undefined) return { id: row.id, step: row.step, sizeBytes: row.sizeBytes, directory: target };
      this.#services.log.error({ jobId, step: row.step, file: broken }, 'a checkpoint is damaged; the previous one is used');
    }
    return undefined;
  }

  /** Deletes old checkpoints; keeps the newest `limit` ones, the one of step `keep`, and those with a star. */
  async #prune(limit: number, keep: number | null): Promise<void> {
    const { database, objectStore } = this.#services;
    const rows = await database.checkpoints.list(this.#job.projectId, this.#job.id);
    for (const row of rows.slice(0, Math.max(0, rows.length - limit))) {
      if (row.step === keep || row.starred) continue;
      if (await database.checkpoints.deleteUnnamed(row.id)) await objectStore.deletePrefix(row.objectPrefix);
    }
  }

  async #record(objectPrefix: string, { step, files, points }: Manifest): Promise<SavedCheckpoint> {
    const { id: jobId, projectId } = this.#job;
    await this.#services.database.metrics.record(jobId, points);
    const replaced = (await this.#services.database.checkpoints.list(projectId, jobId)).find((row) => row.step === step);
    const row = await this.#services.database.checkpoints.record({ projectId, jobId, step, objectPrefix, files });
    if (replaced && replaced.objectPrefix !== objectPrefix) await this.#services.objectStore.deletePrefix(replaced.objectPrefix);
    await this.#services.database.events.append(jobId, 'checkpoint.saved', { checkpoint_id: row.id, step, size_bytes: row.sizeBytes });
    return { id: row.id, step, sizeBytes: row.sizeBytes };
  }

  /** Map from each checkpoint's prefix to the paths below it. */
  async #stored(): Promise<Map<string, Set<string>>> {
    const root = checkpointsPrefix(this.#job.projectId, this.#job.id);
    const stored = new Map<string, Set<string>>();
    for await (const { key } of this.#services.objectStore.list(root)) {
      const prefix = key.slice(0, key.indexOf('/', root.length) + 1);
      const paths = stored.get(prefix) ?? new Set();
      stored.set(prefix, paths.add(key.slice(prefix.length)));
    }
    return stored;
  }

  async #readManifest(prefix: string): Promise<Manifest> {
    const bytes = await this.#services.objectStore.get(prefix + manifestName);
    return manifest.parse(JSON.parse(Buffer.from(bytes).toString()));
  }

  /** Path of the first file that differs from its manifest, if any. */
  async #download(prefix: string, files: Manifest['files'], target: string): Promise<string | undefined> {
    for (const { path, sha256 } of files) {
      const got = await downloadObject(this.#services.objectStore, prefix + path, join(target, path)).catch((error: unknown) => {
        if (error instanceof ObjectNotFoundError) return { sha256: 'missing' };
        throw error;
      });
      if (got.sha256 !== sha256) return path;
    }
    return undefined;
  }
}

async function filesBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => relative(directory, join(entry.parentPath, entry.name)));
  return files.map((file) => file.split(sep).join('/')).sort();
}
