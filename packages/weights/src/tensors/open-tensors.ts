// Opens weights in the format that their path shows.
import { SafetensorsReader } from './safetensors-reader.ts';
import { ShardedSafetensorsReader } from './sharded-reader.ts';
import type { TensorReader } from './tensor-reader.ts';
import { TorchArchiveReader } from './torch-archive-reader.ts';

/** Opens `model.safetensors`, `model.safetensors.index.json`, or a file of torch.save (`.pth`, `.pt`, `.bin`). */
export async function openTensors(path: string): Promise<TensorReader> {
  if (/\.(pth|pt|bin)$/.test(path)) return TorchArchiveReader.open(path);
  return /\.index(\.\w+)?\.json$/.test(path) ? ShardedSafetensorsReader.open(path) : SafetensorsReader.open(path);
}
