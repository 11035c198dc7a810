// Reads pickles that torch.save writes for a dictionary of tensors, and nothing else: it loads no class and runs no code.

/** Thrown for a pickle with contents that a dictionary of tensors does not need. */
export class UnsafePickleError extends Error {
  override name = 'UnsafePickleError';
}

/** A reference of the pickle to a name in a Python module. */
export class PickleGlobal {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

export type PickleValue = null | boolean | number | bigint | string | PickleValue[] | Map<PickleValue, PickleValue> | PickleGlobal | object;

export interface PickleRules {
  /** Whether the pickle may refer to `module.name`. */
  allows(name: string): boolean;
  /** Returns the result of calling an allowed name with these arguments. */
  call(name: string, args: readonly PickleValue[]): PickleValue;
  /** Returns the object of a persistent id. */
  persistent(id: PickleValue): PickleValue;
}

const mark = Symbol('mark');
type Item = PickleValue | typeof mark;
const mostItems = 10_000_000;

class PickleMachine {
  readonly #bytes: Buffer;
  readonly #rules: PickleRules;
  readonly #stack: Item[] = [];
  readonly #memo = new Map<number, Item>();
  /** Number of all items, which limits the size of lists and dictionaries. */
  #pushed = 0;
  position: number;

  constructor(bytes: Buffer, position: number, rules: PickleRules) {
    this.#bytes = bytes;
    this.position = position;
    this.#rules = rules;
  }

  #take(length: number): Buffer {
    if (length < 0 || this.position + length > this.#bytes.length) throw new Error('the pickle is cut off');
    this.position += length;
    return this.#bytes.subarray(this.position - length, this.position);
  }

  #line(): string {
    const end = this.#bytes.indexOf(0x0a, this.position);
    if (end < 0) throw new Error('the pickle is cut off');
    const line = this.#bytes.toString('utf8', this.position, end);
    this.position = end + 1;
    return line;
  }

  #push(value: Item): void {
    this.#pushed += 1;
    if (this.#pushed > mostItems) throw new UnsafePickleError('the pickle contains too many items');
    this.#stack.push(value);
  }

  #pop(): PickleValue {
    const value = this.#stack.pop();
    if (value === undefined || value === mark) throw new Error('the pickle is damaged: its stack is empty');
    return value;
  }

  #popToMark(): PickleValue[] {
    const at = this.#stack.lastIndexOf(mark);
    if (at < 0) throw new Error('the pickle is damaged: a mark is missing');
    return this.#stack.splice(at).slice(1) as PickleValue[];
  }

  #top<T>(type: abstract new (...args: never[]) => T): T {
    const value = this.#stack.at(-1);
    if (!(value instanceof (type as unknown as abstract new () => T))) throw new Error('the pickle is damaged: a container was expected');
    return value;
  }

  #global(name: string): void {
    if (!this.#rules.allows(name))
      throw new UnsafePickleError(`the pickle refers to ${name}, which a dictionary of tensors has no need of; it is not read`);
    this.#push(new PickleGlobal(name));
  }

  #setItems(items: readonly PickleValue[]): void {
    const target = this.#top<Map<PickleValue, PickleValue>>(Map);
    for (let i = 0; i + 1 < items.length; i += 2) target.set(items[i], items[i + 1]);
  }

  #reduce(): void {
    const args = this.#pop();
    const callee = this.#pop();
    if (!(callee instanceof PickleGlobal) || !Array.isArray(args))
      throw new UnsafePickleError('the pickle calls something that is not a known name');
    this.#push(this.#rules.call(callee.name, args as PickleValue[]));
  }

  #stackGlobal(): void {
    const name = this.#pop();
    const module = this.#pop();
    this.#global(`${String(module)}.${String(name)}`);
  }

  #long(length: number): void {
    const bytes = this.#take(length);
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!);
    this.#push(BigInt.asIntN(8 * length, value));
  }

  #get(key: number): void {
    const value = this.#memo.get(key);
    if (value === undefined) throw new Error('the pickle is damaged: it recalls what it never kept');
    this.#push(value);
  }

  #put(key: number): void {
    this.#memo.set(key, this.#stack.at(-1)!);
  }

  #tuple(count: number): void {
    this.#push(Array.from({ length: count }, () => this.#pop()).reverse());
  }

  /** Builds an object: only the parameters of a torch module matter among its attributes; `_metadata` of a state dictionary is ignored. */
  #build(): void {
    const state = this.#pop();
    const target = this.#top<Map<PickleValue, PickleValue>>(Map);
    const parameters = state instanceof Map ? (state as Map<PickleValue, PickleValue>).get('_parameters') : undefined;
    if (parameters instanceof Map) for (const [name, value] of parameters as Map<PickleValue, PickleValue>) target.set(name, value);
  }

  /** The operations by their code in Python's pickletools. */
  readonly #operations: Readonly<Record<number, () => void>> = {
    0x80: () => void this.#take(1),
    0x95: () => void this.#take(8),
    0x28: () => this.#push(mark),
    0x30: () => void this.#pop(),
    0x4e: () => this.#push(null),
    0x88: () => this.#push(true),
    0x89: () => this.#push(false),
    0x7d: () => this.#push(new Map()),
    0x5d: () => this.#push([]),
    0x29: () => this.#push([]),
    0x4a: () => this.#push(this.#take(4).readInt32LE()),
    0x4b: () => this.#push(this.#take(1)[0]!),
    0x4d: () => this.#push(this.#take(2).readUInt16LE()),
    0x8a: () => this.#long(this.#take(1)[0]!),
    0x47: () => this.#push(this.#take(8).readDoubleBE()),
    0x58: () => this.#push(this.#take(this.#take(4).readUInt32LE()).toString('utf8')),
    0x8c: () => this.#push(this.#take(this.#take(1)[0]!).toString('utf8')),
    0x54: () => this.#push(this.#take(this.#take(4).readInt32LE()).toString('latin1')),
    0x55: () => this.#push(this.#take(this.#take(1)[0]!).toString('latin1')),
    0x71: () => this.#put(this.#take(1)[0]!),
    0x72: () => this.#put(this.#take(4).readUInt32LE()),
    0x94: () => this.#put(this.#memo.size),
    0x68: () => this.#get(this.#take(1)[0]!),
    0x6a: () => this.#get(this.#take(4).readUInt32LE()),
    0x63: () => this.#global(`${this.#line()}.${this.#line()}`),
    0x93: () => this.#stackGlobal(),
    0x74: () => this.#push(this.#popToMark()),
    0x85: () => this.#tuple(1),
    0x86: () => this.#tuple(2),
    0x87: () => this.#tuple(3),
    0x73: () => this.#setItems([this.#pop(), this.#pop()].reverse()),
    0x75: () => this.#setItems(this.#popToMark()),
    0x61: () => {
      const value = this.#pop();
      this.#top<PickleValue[]>(Array).push(value);
    },
    0x65: () => {
      const values = this.#popToMark();
      const list = this.#top<PickleValue[]>(Array);
      for (const value of values) list.push(value);
    },
    0x52: () => this.#reduce(),
    0x81: () => this.#reduce(),
    0x51: () => this.#push(this.#rules.persistent(this.#pop())),
    0x62: () => this.#build(),
  };

  run(): PickleValue {
    for (;;) {
      const code = this.#take(1)[0]!;
      if (code === 0x2e) return this.#pop();
      const operation = this.#operations[code];
      if (!operation)
        throw new UnsafePickleError(
          `the pickle has the operation 0x${code.toString(16)}, which a dictionary of tensors has no need of; it is not read`,
        );
      operation();
    }
  }
}

/** Reads one pickle from `position`; also returns its end. */
export function readPickle(bytes: Buffer, position: number, rules: PickleRules): { value: PickleValue; end: number } {
  const machine = new PickleMachine(bytes, position, rules);
  const value = machine.run();
  return { value, end: machine.position };
}
