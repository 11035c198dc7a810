// What every source of weights offers, whether it is one file, several shards or a file with older names.
import { SafetensorsReader } from './safetensors-reader.ts';
import type { TensorInfo } from './safetensors-header.ts';
import { ShardedSafetensorsReader } from './sharded-reader.ts';
import { TorchArchiveReader } from './torch-archive-reader.ts';

export interface TensorReader {
  names(): string[];
  has(name: string): boolean;
  info(name: string): TensorInfo;
  /** Reads one tensor as float32 into `target`, which has exactly its number of elements. */
  readInto(name: string, target: Float32Array): Promise<void>;
  read(name: string): Promise<Float32Array>;
  close(): Promise<void>;
}

/** Opens `model.safetensors`, `model.safetensors.index.json`, or what torch.save wrote (`.pth`, `.pt`, `.bin`). */
export async function openTensors(path: string): Promise<TensorReader> {
  if (/\.(pth|pt|bin)$/.test(path)) return TorchArchiveReader.open(path);
  return /\.index(\.\w+)?\.json$/.test(path) ? ShardedSafetensorsReader.open(path) : SafetensorsReader.open(path);
}
