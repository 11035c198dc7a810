// Reads an upstream model config field by field. An error names the model, the key and the accepted values.

export class ConfigError extends Error {
  override name = 'ConfigError';
  /** Code of the failure in every kind of job. */
  readonly code = 'unsupported_base_model';
}

/** The remedy for models of other kinds. */
export const OTHER_MODEL = 'add a text-to-image model of Stable Diffusion 1.x, 2.x or XL';

/** Maximum size, far beyond real models, because configs come from others and are built as they say. */
const MOST_SIZE = 1_000_000;
const MOST_BLOCKS = 16;
/** Maximum number of consecutive layers in one block or encoder. */
export const MOST_LAYERS = 128;

export const isCount = (value: unknown, most: number): value is number =>
  Number.isInteger(value) && (value as number) >= 1 && (value as number) <= most;

export class ConfigReader {
  readonly #model: string;
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(model: string, json: unknown) {
    if (typeof json !== 'object' || json === null || Array.isArray(json))
      throw new ConfigError(`${model}: the config must be a JSON object`);
    this.#model = model;
    this.#values = json as Record<string, unknown>;
  }

  fail(key: string, expected: string): never {
    throw new ConfigError(`${this.#model}: config key '${key}' is ${JSON.stringify(this.#values[key])}; ${expected}`);
  }

  /** The value of a key, or the fallback. Null counts as a value only where it is accepted. */
  #get(key: string, fallback: unknown): unknown {
    const value = this.#values[key];
    return value === undefined || (value === null && fallback !== null) ? fallback : value;
  }

  number(key: string, fallback: number): number {
    const value = this.#get(key, fallback);
    return typeof value === 'number' && Number.isFinite(value) ? value : this.fail(key, 'expected a number');
  }

  integer(key: string, fallback: number, least = 1, most = MOST_SIZE): number {
    const value = this.number(key, fallback);
    return Number.isInteger(value) && value >= least && value <= most
      ? value
      : this.fail(key, `expected a whole number from ${least} to ${most}`);
  }

  boolean(key: string, fallback: boolean): boolean {
    const value = this.#get(key, fallback);
    return typeof value === 'boolean' ? value : this.fail(key, 'expected true or false');
  }

  oneOf<T extends string>(key: string, values: readonly T[], fallback: T): T {
    const value = this.#get(key, fallback);
    return values.includes(value as T) ? (value as T) : this.fail(key, `supported are ${values.join(', ')}`);
  }

  oneOfOrNull<T extends string>(key: string, values: readonly T[], fallback: T | null): T | null {
    return this.#values[key] === null || (this.#values[key] === undefined && fallback === null) ? null : this.oneOf(key, values, fallback!);
  }

  list<T extends string>(key: string, values: readonly T[], fallback: readonly T[]): readonly T[] {
    const list = this.#get(key, fallback);
    if (!Array.isArray(list) || list.length === 0 || list.length > MOST_BLOCKS)
      this.fail(key, `expected a list of 1 to ${MOST_BLOCKS} entries`);
    return list.every((entry) => values.includes(entry as T)) ? (list as T[]) : this.fail(key, `supported are ${values.join(', ')}`);
  }

  integers(key: string, fallback: readonly number[]): readonly number[] {
    const list = this.#get(key, fallback);
    const valid = Array.isArray(list) && list.length > 0 && list.length <= MOST_BLOCKS && list.every((entry) => isCount(entry, MOST_SIZE));
    return valid ? (list as number[]) : this.fail(key, `expected a list of whole numbers from 1 to ${MOST_SIZE}`);
  }

  /** Reads one value for all blocks, or a list with one for each. */
  #perBlock<T>(key: string, fallback: T, blocks: number, accepts: (entry: unknown) => entry is T, expected: string): readonly T[] {
    const value = this.#get(key, fallback);
    if (accepts(value)) return new Array<T>(blocks).fill(value);
    const valid = Array.isArray(value) && value.length === blocks && value.every(accepts);
    return valid ? (value as T[]) : this.fail(key, `expected ${expected} or a list of ${blocks}`);
  }

  integerPerBlock(key: string, fallback: number, blocks: number, most = MOST_SIZE): readonly number[] {
    const accepts = (entry: unknown): entry is number => isCount(entry, most);
    return this.#perBlock(key, fallback, blocks, accepts, `a whole number from 1 to ${most}`);
  }

  booleanPerBlock(key: string, fallback: boolean, blocks: number): readonly boolean[] {
    return this.#perBlock(key, fallback, blocks, (entry): entry is boolean => typeof entry === 'boolean', 'true or false');
  }

  given(key: string): boolean {
    return this.#values[key] !== undefined && this.#values[key] !== null;
  }

  raw(key: string): unknown {
    return this.#values[key];
  }

  /** Refuses all values of `key` with an unsupported meaning. */
  unsupported(key: string, harmless: readonly unknown[] = [], remedy = OTHER_MODEL): void {
    const value = this.#values[key];
    if (value === undefined || value === null || harmless.includes(value)) return;
    this.fail(
      key,
      `this is not supported${harmless.length > 0 ? `; supported is ${harmless.map((entry) => JSON.stringify(entry)).join(', ')}` : ''}: ${remedy}`,
    );
  }
}
