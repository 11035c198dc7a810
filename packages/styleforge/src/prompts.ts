// What the samples of a pass are told: every prompt of the run once, and the rows that one pass reads.
import { captionedPrompt } from '@styleforge/contracts';
import { type DeviceName } from '@styleforge/runtime';
import { type TrainableModel } from './model.ts';
import { frozenTextStates } from './text-states.ts';
import { type TrainStepBatch } from './train-step.ts';

export type TextInput = Pick<TrainStepBatch, 'inputIds'> | Pick<TrainStepBatch, 'encoderHiddenStates'>;

/** Numbers the distinct prompts of a run in the order in which they are first named. */
export class PromptList {
  readonly texts: string[] = [];

  /** The number of the prompt, with the caption where there is one. */
  add(prompt: string, caption?: string | null): number {
    const text = captionedPrompt(prompt, caption);
    const known = this.texts.indexOf(text);
    return known >= 0 ? known : this.texts.push(text) - 1;
  }
}

/** Which prompts a pass reads, and which of them each sample has. With few prompts a pass reads them all, else one for each sample. */
export function assignPrompts(count: number, promptOfSample: readonly number[]): { read: number[]; promptOfSample: Int32Array } {
  if (count <= promptOfSample.length)
    return { read: Array.from({ length: count }, (_, i) => i), promptOfSample: Int32Array.from(promptOfSample) };
  return { read: [...promptOfSample], promptOfSample: Int32Array.from(promptOfSample, (_, i) => i) };
}

/** All prompts as the trainer feeds them: token ids, or finished states where the text encoder is frozen. */
export class PromptRows {
  readonly #inputIds: Int32Array;
  readonly #states: Float32Array | null;
  readonly #count: number;

  private constructor(inputIds: Int32Array, states: Float32Array | null, count: number) {
    this.#inputIds = inputIds;
    this.#states = states;
    this.#count = count;
  }

  /** `device`: where a frozen text encoder computes. */
  static async create(
    model: TrainableModel,
    texts: readonly string[],
    trainTextEncoder: boolean,
    device?: DeviceName,
  ): Promise<PromptRows> {
    const inputIds = Int32Array.from(texts.flatMap((text) => model.tokenizer.encode(text)));
    return new PromptRows(inputIds, trainTextEncoder ? null : await frozenTextStates(model, inputIds, device), texts.length);
  }

  /** The rows of the prompts numbered `read`. */
  feed(read: readonly number[]): TextInput {
    if (this.#states) return { encoderHiddenStates: this.#pick(this.#states, read, (length) => new Float32Array(length)) };
    return { inputIds: this.#pick(this.#inputIds, read, (length) => new Int32Array(length)) };
  }

  #pick<T extends Int32Array | Float32Array>(rows: T, read: readonly number[], make: (length: number) => T): T {
    const width = rows.length / this.#count;
    const picked = make(read.length * width);
    read.forEach((prompt, i) => picked.set(rows.subarray(prompt * width, (prompt + 1) * width), i * width));
    return picked;
  }
}
