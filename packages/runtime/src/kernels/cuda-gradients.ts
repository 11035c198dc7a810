// Gradients of activations, normalizations and attention by kernels of our own (cuda/gradients.cu, cuda/attention.cu), as operations in
// onnxruntime's graphs.
import { elementCount } from '@styleforge/autodiff';
import { readFileSync } from 'node:fs';
import { type Address } from '../native/api.ts';
import { type CudaRuntime } from '../native/cuda-runtime.ts';
import { type CustomOperation, type OperationCall } from '../native/custom-operations.ts';
import { type ElementType } from '../native/values.ts';

const GRADIENTS = [
  'silu_gradient',
  'silu_gradient_half',
  'gelu_gradient',
  'gelu_gradient_half',
  'standardize_gradient',
  'standardize_gradient_half',
] as const;
/** Sizes of a head for which attention's kernels are compiled (HEAD_SIZES of packages/onnx). */
const HEAD_SIZES = [40, 64, 80];
const ATTENTION = HEAD_SIZES.flatMap((size) => ['statistics', 'queries', 'keys'].map((part) => `attention_${part}_${size}`));

/** Threads of a block for elementwise kernels, and the maximum number of blocks. A thread processes several groups of four values. */
const [BLOCK, MOST_BLOCKS] = [256, 4096];
/** Limits of the number of threads of a block that sums a row: the number of the row's groups of four, rounded down to a power of two. */
const [LEAST_THREADS, MOST_THREADS] = [32, 1024];
/** THREADS and ROWS of attention.cu. */
const [ATTENTION_THREADS, ATTENTION_ROWS] = [128, 64];

const integer = (value: number): Int32Array => Int32Array.of(value);
const address = (value: Address): BigUint64Array => BigUint64Array.of(value);

const codeOf = (name: string): Uint8Array => readFileSync(new URL(`${name}.ptx`, import.meta.url));

/** The gradient operations on one card. The compiled code is loaded when the first session that needs it is created. */
export class GradientKernels {
  readonly #runtime: CudaRuntime;
  #gradients: Record<(typeof GRADIENTS)[number], Address> | undefined;
  #attention: Record<string, Address> | undefined;

  constructor(runtime: CudaRuntime) {
    this.#runtime = runtime;
  }

  get operations(): readonly CustomOperation[] {
    return (['float32', 'float16'] as const).flatMap((type) => this.#operationsIn(type));
  }

  #operationsIn(type: 'float32' | 'float16'): CustomOperation[] {
    const isHalf = type === 'float16';
    const [suffix, kernel] = isHalf ? ['Half', '_half' as const] : ['', '' as const];
    const prepare = (): void => void (this.#gradients ??= this.#runtime.loadKernels(codeOf('gradients'), GRADIENTS));
    const activation = (name: string, code: 'silu_gradient' | 'gelu_gradient', operands: number): CustomOperation => ({
      name: name + suffix,
      inputs: Array<ElementType>(operands).fill(type),
      outputs: [type],
      prepare,
      compute: (call) => this.#activation(`${code}${kernel}`, operands, call),
    });
    return [
      activation('SiluGradient', 'silu_gradient', 3),
      activation('GeluGradient', 'gelu_gradient', 2),
      {
        name: `StandardizeGradient${suffix}`,
        inputs: [type, 'float32', type],
        outputs: [type],
        prepare,
        compute: (call) => this.#standardize(`standardize_gradient${kernel}`, call),
      },
      {
        name: `AttentionGradient${suffix}`,
        inputs: Array<ElementType>(5).fill(type),
        outputs: [type, type, type, 'float32'],
        integers: ['heads'],
        floats: ['scale'],
        prepare: () => void (this.#attention ??= this.#runtime.loadKernels(codeOf('attention'), ATTENTION)),
        compute: (call) => this.#attentionGradient(isHalf, call),
      },
    ];
  }

  #activation(name: (typeof GRADIENTS)[number], operands: number, { input, output }: OperationCall): void {
    const inputs = Array.from({ length: operands }, (_, i) => input(i));
    const count = elementCount(inputs[0].shape);
    const grid = Math.min(MOST_BLOCKS, Math.ceil(count / 4 / BLOCK));
    const cells = [output(0, inputs[0].shape), ...inputs.map((value) => value.address)].map(address);
    this.#runtime.launch(this.#gradients![name], { grid, block: BLOCK }, [...cells, BigInt64Array.of(BigInt(count))]);
  }

  #standardize(name: (typeof GRADIENTS)[number], { input, output }: OperationCall): void {
    const [y, r, dy] = [input(0), input(1), input(2)];
    const width = y.shape.at(-1)!;
    const rows = elementCount(y.shape) / width;
    const block = Math.min(MOST_THREADS, Math.max(LEAST_THREADS, 2 ** Math.floor(Math.log2(width / 4))));
    const cells = [output(0, y.shape), y.address, r.address, dy.address].map(address);
    this.#runtime.launch(this.#gradients![name], { grid: rows, block }, [...cells, integer(rows), integer(width)]);
  }

  #attentionGradient(isHalf: boolean, { attributes: { heads, scale }, input, output }: OperationCall): void {
    const [q, k, v, out, dy] = [0, 1, 2, 3, 4].map((i) => input(i));
    const [[batch, queries, width], [, keys]] = [q.shape, k.shape];
    const all = batch * heads;
    const [dq, dk, dv] = [output(0, q.shape), output(1, k.shape), output(2, k.shape)];
    const statistics = output(3, [2, all, queries]);
    const shape = new DataView(new ArrayBuffer(6 * 4));
    [batch, heads, queries, keys].forEach((value, i) => shape.setInt32(4 * i, value, true));
    shape.setFloat32(16, scale, true);
    shape.setInt32(20, Number(isHalf), true);
    const launch = (part: string, rows: number, cells: readonly Address[]): void => {
      const grid = all * Math.ceil(rows / ATTENTION_ROWS);
      const kernel = this.#attention![`attention_${part}_${width / heads}`];
      this.#runtime.launch(kernel, { grid, block: ATTENTION_THREADS }, [...cells.map(address), shape]);
    };
    const operands = [q, k, v, dy].map((value) => value.address);
    launch('statistics', queries, [statistics, q.address, k.address, out.address, dy.address]);
    launch('queries', queries, [dq, ...operands, statistics]);
    launch('keys', keys, [dk, dv, ...operands, statistics]);
  }
}
