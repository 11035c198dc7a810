// Older spellings of weight names, mapped to those of today's diffusers and transformers.
import type { TensorInfo } from '@styleforge/model-files';
import type { TensorReader } from './tensor-reader.ts';

const legacyAttention: Record<string, string> = { query: 'to_q', key: 'to_k', value: 'to_v', proj_attn: 'to_out.0' };

/** diffusers before 0.17 wrote the VAE's attention as query, key, value and proj_attn. */
export function currentVaeName(stored: string): string {
  return stored.replace(
    /(\.attentions\.\d+\.)(query|key|value|proj_attn)(\.(?:weight|bias))$/,
    (_match, before: string, legacy: string, after: string) => before + legacyAttention[legacy] + after,
  );
}

/** transformers before 5 wrote CLIPTextModel under `text_model.` and stored its constant position ids; today's names have neither. */
export function currentTextEncoderName(stored: string): string | undefined {
  const current = stored.replace(/^text_model\./, '');
  return current === 'embeddings.position_ids' ? undefined : current;
}

/** Presents a reader under today's names, leaving out those renamed to nothing. The stored names are understood too. */
export class RenamedTensorReader implements TensorReader {
  readonly #source: TensorReader;
  readonly #rename: (stored: string) => string | undefined;
  readonly #storedName = new Map<string, string>();

  constructor(source: TensorReader, rename: (stored: string) => string | undefined) {
    this.#source = source;
    this.#rename = rename;
    for (const stored of source.names()) {
      const current = rename(stored);
      if (current === undefined) continue;
      const earlier = this.#storedName.get(current);
      if (earlier !== undefined) throw new Error(`the tensors ${earlier} and ${stored} are both ${current}`);
      this.#storedName.set(current, stored);
    }
  }

  names(): string[] {
    return [...this.#storedName.keys()];
  }

  has(name: string): boolean {
    return this.#storedName.has(this.#rename(name) ?? name);
  }

  info(name: string): TensorInfo {
    return this.#source.info(this.#stored(name));
  }

  readInto(name: string, target: Float32Array): Promise<void> {
    return this.#source.readInto(this.#stored(name), target);
  }

  read(name: string): Promise<Float32Array> {
    return this.#source.read(this.#stored(name));
  }

  close(): Promise<void> {
    return this.#source.close();
  }

  #stored(name: string): string {
    return this.#storedName.get(this.#rename(name) ?? name) ?? name;
  }
}
