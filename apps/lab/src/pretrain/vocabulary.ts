// The tokens that captions use: training changes these rows of the embedding table and leaves the other 49,000 unchanged.
import { type CLIPTokenizer } from '@styleforge/diffusion';
import { ParameterBuffers } from '@styleforge/runtime';

export interface VocabularyOptions {
  readonly tokenizer: CLIPTokenizer;
  /** All texts that training can use. */
  readonly captions: Iterable<string>;
  /** Name of the parameter that contains the table. */
  readonly tableName: string;
  /** The whole table as it begins, [vocab_size, hidden_size]. */
  readonly initialTable: () => Float32Array;
  /** The rows that are not trained, in a table of the same size. */
  readonly untrainedTable: () => Float32Array;
  /** Words of one token that captions use and training does not change. */
  readonly unknownWords?: readonly string[];
}

export class CaptionVocabulary {
  /** Rows of the whole table, ascending; a row's index here is its id during the training. */
  readonly ids: readonly number[];
  readonly #options: VocabularyOptions;
  readonly #placeOf: ReadonlyMap<number, number>;
  readonly #known = new Map<string, number[]>();
  /** Indexes of the unknown words, and their rows concatenated. */
  #unknown: { places: readonly number[]; rows: Float32Array } = { places: [], rows: new Float32Array() };

  constructor(options: VocabularyOptions) {
    this.#options = options;
    const rows = [...new Set(options.captions)].flatMap((caption) => options.tokenizer.encode(caption));
    this.ids = [...new Set(rows)].sort((a, b) => a - b);
    this.#placeOf = new Map(this.ids.map((id, place) => [id, place]));
  }

  placeOf(id: number): number {
    const place = this.#placeOf.get(id);
    if (place === undefined) throw new Error(`token ${id} is in no training caption`);
    return place;
  }

  /** Start, text, end and padding as indexes into the small table. */
  encode(caption: string): number[] {
    const known = this.#known.get(caption);
    if (known) return known;
    const places = this.#options.tokenizer.encode(caption).map((id) => this.placeOf(id));
    this.#known.set(caption, places);
    return places;
  }

  /** Name of the parameter that contains the table. */
  get tableName(): string {
    return this.#options.tableName;
  }

  /** Fills the small table of `weights` with the rows that the whole table begins with. */
  initialize(weights: ParameterBuffers): void {
    this.fill(weights, this.#options.initialTable());
    this.#keepUnknown(this.#widthOf(weights));
    this.restoreUnknown(weights);
  }

  /** Fills the small table of `weights` with the rows of `whole`, [vocab_size, hidden_size]. */
  fill(weights: ParameterBuffers, whole: Float32Array): void {
    const table = weights.get(this.tableName);
    const width = this.#widthOf(weights);
    this.ids.forEach((id, place) => table.set(whole.subarray(id * width, (id + 1) * width), place * width));
  }

  #widthOf(weights: ParameterBuffers): number {
    return weights.get(this.tableName).length / this.ids.length;
  }

  #keepUnknown(width: number): void {
    const { tokenizer, unknownWords = [], untrainedTable } = this.#options;
    const ids = unknownWords.map((word) => tokenizer.encode(word)[1]);
    const whole = untrainedTable();
    const rows = new Float32Array(ids.length * width);
    ids.forEach((id, i) => rows.set(whole.subarray(id * width, (id + 1) * width), i * width));
    this.#unknown = { places: ids.map((id) => this.placeOf(id)), rows };
  }

  /** Restores unknown words after an update, so that the model learns to ignore any such word. */
  restoreUnknown(weights: ParameterBuffers): void {
    const { places, rows } = this.#unknown;
    const table = weights.get(this.tableName);
    const width = this.#widthOf(weights);
    places.forEach((place, i) => table.set(rows.subarray(i * width, (i + 1) * width), place * width));
  }

  /** The same weights with the whole token table in place of the small one. */
  expand(weights: ParameterBuffers): ParameterBuffers {
    const { tableName, untrainedTable } = this.#options;
    const whole = untrainedTable();
    const small = weights.get(tableName);
    const width = this.#widthOf(weights);
    this.ids.forEach((id, place) => whole.set(small.subarray(place * width, (place + 1) * width), id * width));
    const expanded = new ParameterBuffers(
      weights.specs.map(({ name, shape }) => ({ name, shape: name === tableName ? [whole.length / width, width] : shape })),
    );
    for (const { name } of weights.specs) expanded.get(name).set(name === tableName ? whole : weights.get(name));
    return expanded;
  }
}
