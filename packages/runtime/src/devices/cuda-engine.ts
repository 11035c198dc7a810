// One NVIDIA card: sessions of onnxruntime on it, values in its memory, and the optimizer's kernels, all on one stream.
import { type Shape } from '@styleforge/autodiff';
import { OWN_DOMAIN } from '@styleforge/onnx';
import { GradientKernels } from '../kernels/cuda-gradients.ts';
import { OptimizerKernels } from '../kernels/cuda-optimizer.ts';
import { type Address, OnnxRuntimeError } from '../native/api.ts';
import { type CudaLibraries, loadCudaLibraries } from '../native/cuda-libraries.ts';
import { CudaRuntime } from '../native/cuda-runtime.ts';
import { CustomOperations } from '../native/custom-operations.ts';
import { type Environment, environmentOf } from '../native/environment.ts';
import { binariesFolder, onnxruntimeLibrary } from '../native/library-paths.ts';
import { type Owned } from '../native/owned.ts';
import { type Binding, NativeSession } from '../native/session.ts';
import { type ElementType, valueAt } from '../native/values.ts';
import { THREAD_WAIT, threadConfig } from '../native/threads.ts';

/** onnxruntime's message when the card has no more memory, or the arena's limit is reached. The group is the number of bytes. */
const MEMORY_REFUSED = /(?:requested buffer of size|smaller than requested bytes of) (\d+)/;

export interface CudaEngineOptions {
  readonly index: number;
  /** The folder with onnxruntime's library and its CUDA provider. */
  readonly folder?: string;
  /** NVIDIA's libraries, if they are already loaded. */
  readonly libraries?: CudaLibraries;
  /** Whether onnxruntime computes on the processor, in the same memory. For tests that replace the card by memory of the processor. */
  readonly computesOnProcessor?: boolean;
}

export interface CudaSessionOptions {
  readonly optimizes: boolean;
  /** Whether a run is recorded and replayed as one CUDA graph. */
  readonly captures: boolean;
  readonly profile?: string | undefined;
  /** Whether float32 products and convolutions may round their operands to TensorFloat-32, which has a mantissa of ten bits. */
  readonly tf32: boolean;
  /** Whether the model may contain operations of our own. */
  readonly hasOwnKernels?: boolean;
}

export class CudaEngine {
  readonly environment: Environment;
  readonly runtime: CudaRuntime;
  readonly kernels: OptimizerKernels;
  readonly #memory: Owned | null;
  readonly #runOptions: Owned;
  /** Options of a run that is not recorded, even if its session records runs. */
  readonly #plainOptions: Owned;
  #operations: CustomOperations | null = null;

  /** Throws LibraryError if a library is missing, and CudaError if there is no such card. */
  constructor({ index, folder = binariesFolder(), libraries, computesOnProcessor = false }: CudaEngineOptions) {
    const { runtime, driver } = libraries ?? loadCudaLibraries(folder);
    this.runtime = new CudaRuntime(runtime, driver, index);
    this.environment = environmentOf(onnxruntimeLibrary(folder));
    const { environment } = this;
    this.#memory = computesOnProcessor
      ? null
      : environment.own("the description of the card's memory", 'ReleaseMemoryInfo', 'CreateMemoryInfo', 'Cuda', 0, index, 0);
    this.#runOptions = runOptions(environment, {});
    this.#plainOptions = runOptions(environment, { gpu_graph_id: '-1' });
    this.kernels = new OptimizerKernels(this.runtime);
  }

  session(model: Uint8Array, { optimizes, captures, profile, tf32, hasOwnKernels = false }: CudaSessionOptions): NativeSession {
    this.runtime.makeCurrent();
    const settings = {
      optimizes,
      profile,
      config: {
        ...threadConfig(THREAD_WAIT),
        // onnxruntime's fused normalization does not return the deviation, which the gradient reads
        'optimization.disable_specified_optimizers': 'SkipLayerNormFusion',
      },
      operations: hasOwnKernels ? this.#ownOperations() : undefined,
      addProvider: this.#memory
        ? (environment: Environment, options: Address) => this.#addProvider(environment, options, { captures, tf32 })
        : undefined,
    };
    return this.#withMemory('CreateSessionFromArray', () => new NativeSession(this.environment, model, settings));
  }

  /**
   * Returns the result of `act`. If onnxruntime gets less of the card's memory than it requests, throws a CudaError that says how much is
   * free.
   */
  #withMemory<Result>(call: string, act: () => Result): Result {
    try {
      return act();
    } catch (error) {
      const [, bytes] = (error instanceof OnnxRuntimeError && MEMORY_REFUSED.exec(error.message)) || [];
      if (bytes === undefined) throw error;
      throw this.runtime.outOfMemory(call, Number(bytes));
    }
  }

  /** The gradients that kernels of our own compute, registered for this card. */
  #ownOperations(): CustomOperations {
    const provider = this.#memory ? 'CUDAExecutionProvider' : null;
    this.#operations ??= new CustomOperations(this.environment, OWN_DOMAIN, provider, new GradientKernels(this.runtime).operations);
    return this.#operations;
  }

  /**
   * Adds the CUDA provider. Its arena takes exactly what is requested, up to the card's free memory: an arena that doubles would take half
   * as much again.
   */
  #addProvider({ api }: Environment, options: Address, { captures, tf32 }: Pick<CudaSessionOptions, 'captures' | 'tf32'>): void {
    const settings = {
      device_id: String(this.runtime.index),
      arena_extend_strategy: 'kSameAsRequested',
      gpu_mem_limit: String(this.runtime.memory.free),
      cudnn_conv_algo_search: 'HEURISTIC',
      use_tf32: tf32 ? '1' : '0',
      enable_cuda_graph: captures ? '1' : '0',
    };
    const provider = api.make('CreateCudaProviderOptions');
    try {
      const names = Object.keys(settings);
      api.call('UpdateCudaProviderOptions', provider, names, Object.values(settings), names.length);
      api.call('UpdateCudaProviderOptionsWithValue', provider, 'user_compute_stream', this.runtime.stream);
      api.call('AppendCudaProvider', options, provider);
    } finally {
      api.free('ReleaseCudaProviderOptions', provider);
    }
  }

  /** A tensor over the card's memory. The owner of the memory keeps it. */
  value(address: Address, bytes: number, type: ElementType, shape: Shape): Owned {
    return valueAt(this.environment, this.#memory?.handle ?? this.environment.processorMemory, address, bytes, type, shape);
  }

  /** Queues a run on the stream. `runtime.synchronize` waits for it. */
  run(binding: Binding): void {
    this.runtime.makeCurrent();
    this.#withMemory('RunWithBinding', () => binding.run(this.#runOptions.handle));
  }

  /** Queues a run without recording it or replaying a recording. */
  runPlainly(binding: Binding): void {
    this.runtime.makeCurrent();
    this.#withMemory('RunWithBinding', () => binding.run(this.#plainOptions.handle));
  }
}

/** Options of a run that does not wait for the stream. The caller waits once, after it has queued the copies of the results. */
function runOptions(environment: Environment, entries: Readonly<Record<string, string>>): Owned {
  const options = environment.own('run options', 'ReleaseRunOptions', 'CreateRunOptions');
  for (const [key, value] of Object.entries({ disable_synchronize_execution_providers: '1', ...entries }))
    environment.api.call('AddRunConfigEntry', options.handle, key, value);
  return options;
}

const engines = new Map<number, CudaEngine>();

/** This thread's engine for a card of this machine, created at first use. */
export function cudaEngine(index: number): CudaEngine {
  const engine = engines.get(index) ?? new CudaEngine({ index });
  engines.set(index, engine);
  return engine;
}
