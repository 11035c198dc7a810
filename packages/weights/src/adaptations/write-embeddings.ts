// Writes learned rows of the token table in the formats of diffusers, A1111 and ComfyUI.
import { join } from 'node:path';
import { embeddingKeys } from '@styleforge/model-files';
import { writeSafetensors } from '../tensors/safetensors-writer.ts';

export interface LearnedRows {
  readonly token: string;
  /** [vectors, width] */
  readonly rows: Float32Array;
  readonly vectors: number;
}

/** The file name for a token. File systems refuse brackets, and A1111 uses the file's name as the token. */
export const tokenFileName = (token: string): string => token.replaceAll(/[^\p{L}\p{N}_-]/gu, '') || 'token';

/** Writes the format of diffusers: one tensor, whose key is the token. */
export async function writeLearnedRows(path: string, { token, rows, vectors }: LearnedRows, flat = false): Promise<void> {
  const width = rows.length / vectors;
  await writeSafetensors(path, [{ name: token, shape: flat ? [width] : [vectors, width], data: rows }], { dtype: 'F32' });
}

/** Writes the format of A1111 and ComfyUI: one tensor for each text encoder, in a file that is named after the token. */
export async function writeEmbParams(directory: string, encoders: readonly LearnedRows[]): Promise<string> {
  const path = join(directory, `${tokenFileName(encoders[0]!.token)}.safetensors`);
  const keys = embeddingKeys(encoders.length);
  const entries = encoders.map(({ rows, vectors }, i) => ({ name: keys[i]!, shape: [vectors, rows.length / vectors], data: rows }));
  await writeSafetensors(path, entries, { dtype: 'F32' });
  return path;
}

/** Writes Custom Diffusion's matrices under diffusers' keys. Names are layers of the U-Net with `.weight` or `.bias`. */
export async function writeCustomDiffusion(
  path: string,
  weights: Iterable<{ name: string; shape: readonly number[]; data: Float32Array }>,
): Promise<void> {
  const entries = [...weights].map(({ name, shape, data }) => ({
    name: name.replace(
      /\.(to_[kqv]|to_out)(\.0)?\.(weight|bias)$/,
      (_, projection: string, index: string | undefined, part: string) => `.processor.${projection}_custom_diffusion${index ?? ''}.${part}`,
    ),
    shape: [...shape],
    data,
  }));
  await writeSafetensors(path, entries, { dtype: 'F32' });
}
