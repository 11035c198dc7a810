// One training on several devices: replicas run passes at the same time, their gradients are summed, and all make the same update.
import { type ParameterBuffers } from '../kernels/parameter-buffers.ts';
import { type AdamW, type AdamWStep } from '../optimizers/adamw.ts';
import { type HostArray } from '../programs/session.ts';
import { type GraphParts, NoGradientsError, type PassOptions, type TrainingBackend } from './backend.ts';

/** A backend, with the weights and the optimizer that it updates. */
export interface Replica {
  readonly backend: TrainingBackend;
  readonly weights: ParameterBuffers;
  readonly optimizer: AdamW;
}

/** A training on several replicas. The weights and the optimizer of the training are those of the first replica. */
export class ReplicatedTraining implements TrainingBackend {
  readonly replicas: number;
  readonly #replicas: readonly Replica[];
  /** Indexes of the replicas that have run a pass since the last update. */
  readonly #active = new Set<number>();
  #isPlaced = false;
  #isSummed = false;

  constructor(replicas: readonly Replica[]) {
    this.#replicas = replicas;
    this.replicas = replicas.length;
  }

  get #first(): Replica {
    return this.#replicas[0];
  }

  /** Copies the values of the first replica, which are filled after the training was created, to all others. */
  #place(): void {
    if (this.#isPlaced) return;
    const { weights, optimizer } = this.#first;
    for (const replica of this.#replicas.slice(1)) {
      if (replica.weights !== weights) replica.weights.copyFrom(weights);
      replica.optimizer.follow(optimizer);
    }
    this.#isPlaced = true;
  }

  async backward(
    feeds: Readonly<Record<string, HostArray>>,
    { graph, replica = 0 }: PassOptions = {},
  ): Promise<Record<string, Float32Array>> {
    if (!this.#replicas[replica]) throw new RangeError(`there is no replica ${replica}; there are ${this.replicas}`);
    if (this.#isSummed) this.#keepSumOnFirst();
    this.#place();
    this.#active.add(replica);
    return this.#replicas[replica].backend.backward(feeds, { graph });
  }

  async addGraph(name: string, parts: GraphParts): Promise<void> {
    for (const { backend } of this.#replicas) {
      if (!backend.addGraph) throw new Error('this device takes no further graphs');
      await backend.addGraph(name, parts);
    }
  }

  /** Sums the gradients in the order of the replicas, and gives each replica the sum, so that all stay bit-identical. */
  async #sum(): Promise<void> {
    if (this.#active.size === 0) throw new NoGradientsError();
    if (this.#isSummed) return;
    const total = await this.readGradients();
    await Promise.all(
      this.#replicas.map(({ backend }) => {
        backend.discardGradients();
        return backend.addGradients(total);
      }),
    );
    this.#active.clear();
    this.#replicas.forEach((_, i) => this.#active.add(i));
    this.#isSummed = true;
  }

  async gradientNorm(): Promise<number> {
    await this.#sum();
    return this.#first.backend.gradientNorm();
  }

  async readGradients(): Promise<ParameterBuffers> {
    if (this.#isSummed) return this.#first.backend.readGradients();
    const active = [...this.#active].sort((a, b) => a - b);
    const sums = await Promise.all(active.map((i) => this.#replicas[i].backend.readGradients()));
    const [total, ...others] = sums;
    if (!total) throw new NoGradientsError();
    for (const other of others) addTo(total, other);
    return total;
  }

  async addGradients(gradients: ParameterBuffers): Promise<void> {
    if (this.#isSummed) this.#keepSumOnFirst();
    this.#place();
    await this.#first.backend.addGradients(gradients);
    this.#active.add(0);
  }

  /** Removes the sum from all replicas but one, so that it is counted once in the next sum. */
  #keepSumOnFirst(): void {
    for (const { backend } of this.#replicas.slice(1)) backend.discardGradients();
    this.#active.clear();
    this.#active.add(0);
    this.#isSummed = false;
  }

  async update(step: AdamWStep): Promise<void> {
    await this.#sum();
    await Promise.all(this.#replicas.map(({ backend }) => backend.update(step)));
    this.#forget();
  }

  moveAverage(average: ParameterBuffers, share: number): Promise<void> {
    this.#place();
    return this.#first.backend.moveAverage(average, share);
  }

  discardGradients(): void {
    for (const { backend } of this.#replicas) backend.discardGradients();
    this.#forget();
  }

  #forget(): void {
    this.#active.clear();
    this.#isSummed = false;
  }

  /** Downloads the first replica, whose weights and moments equal those of the others. */
  download(): Promise<void> {
    return this.#first.backend.download();
  }

  async release(): Promise<void> {
    await Promise.all(this.#replicas.map(({ backend }) => backend.release()));
  }
}

function addTo(sums: ParameterBuffers, further: ParameterBuffers): void {
  sums.blocks.forEach((block, i) => {
    const values = further.blocks[i];
    for (let j = 0; j < block.length; j++) block[j] += values[j];
  });
}
