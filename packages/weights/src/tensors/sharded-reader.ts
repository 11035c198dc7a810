// A checkpoint split over several safetensors files, found through its `*.safetensors.index.json`.
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { SafetensorsReader } from './safetensors-reader.ts';
import type { TensorInfo } from '@styleforge/model-files';
import type { TensorReader } from './tensor-reader.ts';

function parseWeightMap(text: string, path: string): Map<string, string> {
  const index = JSON.parse(text) as { weight_map?: unknown };
  const weightMap = index.weight_map;
  if (typeof weightMap !== 'object' || weightMap === null) throw new Error(`${path}: weight_map is missing`);
  for (const [name, file] of Object.entries(weightMap)) {
    if (typeof file !== 'string' || basename(file) !== file) {
      throw new Error(`${path}: the shard of ${name} must be a file next to the index, not ${JSON.stringify(file)}`);
    }
  }
  return new Map(Object.entries(weightMap as Record<string, string>));
}

export class ShardedSafetensorsReader implements TensorReader {
  readonly path: string;
  readonly #shards: Map<string, SafetensorsReader>;
  readonly #shardOf: Map<string, string>;

  private constructor(path: string, shards: Map<string, SafetensorsReader>, shardOf: Map<string, string>) {
    this.path = path;
    this.#shards = shards;
    this.#shardOf = shardOf;
  }

  static async open(path: string): Promise<ShardedSafetensorsReader> {
    const shardOf = parseWeightMap(await readFile(path, 'utf8'), path);
    const shards = new Map<string, SafetensorsReader>();
    const reader = new ShardedSafetensorsReader(path, shards, shardOf);
    try {
      for (const file of new Set(shardOf.values())) {
        shards.set(file, await SafetensorsReader.open(join(dirname(path), file)));
      }
      for (const name of shardOf.keys()) reader.info(name);
    } catch (error) {
      await reader.close();
      throw error;
    }
    return reader;
  }

  names(): string[] {
    return [...this.#shardOf.keys()];
  }

  has(name: string): boolean {
    return this.#shardOf.has(name);
  }

  info(name: string): TensorInfo {
    return this.#shard(name).info(name);
  }

  readInto(name: string, target: Float32Array): Promise<void> {
    return this.#shard(name).readInto(name, target);
  }

  read(name: string): Promise<Float32Array> {
    return this.#shard(name).read(name);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#shards.values()].map((shard) => shard.close()));
  }

  #shard(name: string): SafetensorsReader {
    const file = this.#shardOf.get(name);
    const shard = file === undefined ? undefined : this.#shards.get(file);
    if (!shard) throw new Error(`${this.path} contains no tensor ${name}`);
    return shard;
  }
}
