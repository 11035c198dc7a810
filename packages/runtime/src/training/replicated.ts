// One training on several devices: replicas make passes at the same time, their gradients are summed, and all make the same update.
import { type ParameterBuffers } from '../kernels/parameter-buffers.ts';
import { type HostArray } from '../programs/session.ts';
import { type TrainingProgram, type Update, type UpdateOptions } from './training-program.ts';

export class ReplicatedTraining<Outputs extends string> {
  readonly #replicas: readonly TrainingProgram<Outputs>[];
  #passes = 0;

  /** Programs of one graph with equal weights, each on a device of its own. */
  constructor(replicas: readonly TrainingProgram<Outputs>[]) {
    if (replicas.length === 0) throw new RangeError('a training needs one replica at least');
    this.#replicas = replicas;
  }

  /** A pass on each replica, of the feeds at its place; there may be fewer feeds than replicas. */
  async backward(feeds: readonly Readonly<Record<string, HostArray>>[]): Promise<Record<Outputs, Float32Array>[]> {
    if (feeds.length > this.#replicas.length)
      throw new RangeError(`${feeds.length} passes at once need as many replicas; there are ${this.#replicas.length}`);
    const results = await Promise.all(feeds.map((values, i) => this.#replicas[i].backward(values)));
    this.#passes += feeds.length;
    return results;
  }

  /** Applies the mean gradient of all passes since the last update to every replica: sums are made in the replicas' order, so that all stay equal to the bit. */
  async update(options: UpdateOptions): Promise<Update> {
    const sums: ParameterBuffers[] = [];
    for (const replica of this.#replicas) if (replica.hasGradients) sums.push(await replica.readGradients());
    const [total, ...others] = sums;
    if (!total) throw new Error('update() needs a backward() first');
    for (const other of others) addTo(total, other);
    await Promise.all(this.#replicas.map((replica) => replica.replaceGradients(total, this.#passes)));
    this.#passes = 0;
    const [update] = await Promise.all(this.#replicas.map((replica) => replica.update(options)));
    return update;
  }

  /** Brings weights and moments to the first replica's buffers: they are those of all. */
  download(): Promise<void> {
    return this.#replicas[0].download();
  }

  async release(): Promise<void> {
    await Promise.all(this.#replicas.map((replica) => replica.release()));
  }
}

function addTo(sums: ParameterBuffers, further: ParameterBuffers): void {
  sums.blocks.forEach((block, i) => {
    const values = further.blocks[i];
    for (let j = 0; j < block.length; j++) block[j] += values[j];
  });
}
