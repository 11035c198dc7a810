// Small elementwise programs that run over parameter buffers chunk by chunk, in place.
import { Graph } from '@styleforge/autodiff';
import { CHUNK, type ParameterBuffers } from './parameter-buffers.ts';
import { Program } from './program.ts';
import { type CompileOptions } from './session.ts';

type Blend = Program<'result'>;

/**
 * Keeps target = a * target + b * source over whole parameter buffers: the pretraining's moving average (decay, 1 - decay).
 */
export class BufferBlender {
  readonly #program: Blend;

  private constructor(program: Blend) {
    this.#program = program;
  }

  static async create(options: CompileOptions = {}): Promise<BufferBlender> {
    const graph = new Graph();
    const [target, source] = ['target', 'source'].map((name) => graph.input(name, [CHUNK]));
    const [a, b] = ['a', 'b'].map((name) => graph.input(name, []));
    const result = graph.add(graph.mul(target, a), graph.mul(source, b));
    return new BufferBlender(await Program.compile(graph, { result }, { ...options, threads: 1 }));
  }

  async blend(target: ParameterBuffers, a: number, source: ParameterBuffers, b: number): Promise<void> {
    const scalars = { a: Float32Array.of(a), b: Float32Array.of(b) };
    const sources = source.chunks();
    for (const chunk of target.chunks()) {
      await this.#program.run({ target: chunk, source: sources.next().value as Float32Array, ...scalars }, { result: chunk });
    }
  }

  release(): Promise<void> {
    return this.#program.release();
  }
}
