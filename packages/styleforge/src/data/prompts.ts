// Prompts of the samples: each distinct prompt of the run once, and the rows that a pass reads.
import { captionedPrompt } from '@styleforge/contracts';
import { type Feeds } from '@styleforge/diffusion';
import { type DeviceName } from '@styleforge/runtime';
import { type TrainableModel } from '../model/model.ts';
import { frozenTextStates } from './text-states.ts';

/** Numbers the distinct prompts of a run, in the order of their first use. */
export class PromptList {
  readonly texts: string[] = [];

  /** Returns the number of the prompt, with its caption if there is one. */
  add(prompt: string, caption?: string | null): number {
    const text = captionedPrompt(prompt, caption);
    const known = this.texts.indexOf(text);
    return known >= 0 ? known : this.texts.push(text) - 1;
  }
}

/**
 * The prompts that a pass reads, and the prompt of each sample. If there are few prompts, a pass reads all of them, else one for each
 * sample.
 */
export function assignPrompts(count: number, promptOfSample: readonly number[]): { read: number[]; promptOfSample: Int32Array } {
  if (count <= promptOfSample.length)
    return { read: Array.from({ length: count }, (_, i) => i), promptOfSample: Int32Array.from(promptOfSample) };
  return { read: [...promptOfSample], promptOfSample: Int32Array.from(promptOfSample, (_, i) => i) };
}

/** All prompts in the trainer's form: token ids for each text encoder, or conditions of frozen encoders. */
export class PromptRows {
  readonly #model: TrainableModel;
  readonly #inputIds: readonly Int32Array[];
  readonly #conditions: Readonly<Record<string, Float32Array>> | null;
  readonly #count: number;

  private constructor(
    model: TrainableModel,
    inputIds: readonly Int32Array[],
    conditions: Readonly<Record<string, Float32Array>> | null,
    count: number,
  ) {
    this.#model = model;
    this.#inputIds = inputIds;
    this.#conditions = conditions;
    this.#count = count;
  }

  /** `device`: device of frozen text encoders. */
  static async create(model: TrainableModel, texts: readonly string[], trainsText: boolean, device?: DeviceName): Promise<PromptRows> {
    const inputIds = model.tokenizers.map((tokenizer) => Int32Array.from(texts.flatMap((text) => tokenizer.encode(text))));
    return new PromptRows(model, inputIds, trainsText ? null : await frozenTextStates(model, inputIds, device), texts.length);
  }

  /** The rows of the prompts numbered `read`. */
  feed(read: readonly number[]): Feeds {
    if (this.#conditions) {
      const rows = Object.entries(this.#conditions).map(([name, all]) => [
        name,
        this.#pick(all, read, (length) => new Float32Array(length)),
      ]);
      return Object.fromEntries(rows) as Feeds;
    }
    const { networks, tokenizers } = this.#model;
    const feeds = networks.textEncoders.map((encoder, i) => {
      const ids = this.#pick(this.#inputIds[i], read, (length) => new Int32Array(length));
      return encoder.feeds(ids, ids.length / read.length, tokenizers[i].endId);
    });
    return Object.assign({}, ...feeds) as Feeds;
  }

  #pick<T extends Int32Array | Float32Array>(rows: T, read: readonly number[], make: (length: number) => T): T {
    const width = rows.length / this.#count;
    const picked = make(read.length * width);
    read.forEach((prompt, i) => picked.set(rows.subarray(prompt * width, (prompt + 1) * width), i * width));
    return picked;
  }
}
