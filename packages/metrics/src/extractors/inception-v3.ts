// The Inception v3 of FID (pytorch's port of TensorFlow's 2015-12-05 network) as a graph, batch norms folded into the convolutions.
import type { Graph, Shape, Tensor } from '@styleforge/autodiff';
import type { InceptionTap } from './feature-extractor.ts';

export interface StoredTensor {
  readonly shape: Shape;
  readonly data: Float32Array;
}

export const inceptionInputSize = 299;
const batchNormEpsilon = 1e-3;

interface ConvOptions {
  readonly kernel?: number | readonly [number, number];
  readonly stride?: number;
  readonly padding?: number | readonly [number, number];
}

const pair = (value: number | readonly [number, number]): readonly [number, number] => (typeof value === 'number' ? [value, value] : value);

/** Declares the network's layers under the names that its weights file uses. */
class InceptionGraph {
  readonly graph: Graph;
  readonly #weights: ReadonlyMap<string, StoredTensor>;

  constructor(graph: Graph, weights: ReadonlyMap<string, StoredTensor>) {
    this.graph = graph;
    this.#weights = weights;
  }

  #weight(name: string, shape: Shape): Float32Array {
    const stored = this.#weights.get(name);
    if (!stored) throw new Error(`the weights of inception-v3-fid contain no '${name}': this is not the network of FID`);
    if (stored.shape.join() !== shape.join()) throw new Error(`'${name}' is [${stored.shape}], inception-v3-fid needs [${shape}]`);
    return stored.data;
  }

  /** Convolution, batch norm with its running statistics, ReLU. */
  conv(x: Tensor, name: string, channels: number, { kernel = 1, stride = 1, padding = 0 }: ConvOptions = {}): Tensor {
    const shape = [channels, x.shape[1]!, ...pair(kernel)];
    const [gamma, beta, mean, variance] = ['weight', 'bias', 'running_mean', 'running_var'].map((part) =>
      this.#weight(`${name}.bn.${part}`, [channels]),
    );
    const weight = this.#weight(`${name}.conv.weight`, shape).slice();
    const bias = new Float32Array(channels);
    const perChannel = weight.length / channels;
    for (let channel = 0; channel < channels; channel++) {
      const scale = gamma![channel]! / Math.sqrt(variance![channel]! + batchNormEpsilon);
      bias[channel] = beta![channel]! - mean![channel]! * scale;
      for (let i = channel * perChannel; i < (channel + 1) * perChannel; i++) weight[i]! *= scale;
    }
    const [vertical, horizontal] = pair(padding);
    return this.graph.relu(
      this.graph.conv2d(x, this.graph.constant(weight, shape), this.graph.constant(bias, [channels]), {
        strides: [stride, stride],
        pads: [vertical, horizontal, vertical, horizontal],
      }),
    );
  }

  /** Several convolutions one after the other, named `${block}.${branch}_1` and so on. */
  chain(x: Tensor, block: string, branch: string, layers: readonly (readonly [channels: number, options?: ConvOptions])[]): Tensor {
    return layers.reduce((value, [channels, options], i) => this.conv(value, `${block}.${branch}_${i + 1}`, channels, options), x);
  }

  /** Average pooling without the padding, as in TensorFlow and in the port. */
  averagePool(x: Tensor): Tensor {
    return this.graph.averagePool2d(x, { kernel: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1] });
  }

  maxPool(x: Tensor, stride: 1 | 2): Tensor {
    const pad = stride === 1 ? 1 : 0;
    return this.graph.maxPool2d(x, { kernel: [3, 3], strides: [stride, stride], pads: [pad, pad, pad, pad] });
  }
}

function mixed35(net: InceptionGraph, x: Tensor, name: string, poolChannels: number): Tensor {
  return net.graph.concat(
    [
      net.conv(x, `${name}.branch1x1`, 64),
      net.chain(x, name, 'branch5x5', [[48], [64, { kernel: 5, padding: 2 }]]),
      net.chain(x, name, 'branch3x3dbl', [[64], [96, { kernel: 3, padding: 1 }], [96, { kernel: 3, padding: 1 }]]),
      net.conv(net.averagePool(x), `${name}.branch_pool`, poolChannels),
    ],
    1,
  );
}

function reductionTo17(net: InceptionGraph, x: Tensor, name: string): Tensor {
  return net.graph.concat(
    [
      net.conv(x, `${name}.branch3x3`, 384, { kernel: 3, stride: 2 }),
      net.chain(x, name, 'branch3x3dbl', [[64], [96, { kernel: 3, padding: 1 }], [96, { kernel: 3, stride: 2 }]]),
      net.maxPool(x, 2),
    ],
    1,
  );
}

const wide: ConvOptions = { kernel: [1, 7], padding: [0, 3] };
const tall: ConvOptions = { kernel: [7, 1], padding: [3, 0] };

function mixed17(net: InceptionGraph, x: Tensor, name: string, channels: number): Tensor {
  return net.graph.concat(
    [
      net.conv(x, `${name}.branch1x1`, 192),
      net.chain(x, name, 'branch7x7', [[channels], [channels, wide], [192, tall]]),
      net.chain(x, name, 'branch7x7dbl', [[channels], [channels, tall], [channels, wide], [channels, tall], [192, wide]]),
      net.conv(net.averagePool(x), `${name}.branch_pool`, 192),
    ],
    1,
  );
}

function reductionTo8(net: InceptionGraph, x: Tensor, name: string): Tensor {
  return net.graph.concat(
    [
      net.chain(x, name, 'branch3x3', [[192], [320, { kernel: 3, stride: 2 }]]),
      net.chain(x, name, 'branch7x7x3', [[192], [192, wide], [192, tall], [192, { kernel: 3, stride: 2 }]]),
      net.maxPool(x, 2),
    ],
    1,
  );
}

/** The last block uses maximum pooling where the others average, as in the network that FID was defined with. */
function mixed8(net: InceptionGraph, x: Tensor, name: string, pool: 'average' | 'max'): Tensor {
  const fork = (from: Tensor, branch: string): Tensor[] => [
    net.conv(from, `${name}.${branch}a`, 384, { kernel: [1, 3], padding: [0, 1] }),
    net.conv(from, `${name}.${branch}b`, 384, { kernel: [3, 1], padding: [1, 0] }),
  ];
  return net.graph.concat(
    [
      net.conv(x, `${name}.branch1x1`, 320),
      ...fork(net.conv(x, `${name}.branch3x3_1`, 384), 'branch3x3_2'),
      ...fork(net.chain(x, name, 'branch3x3dbl', [[448], [384, { kernel: 3, padding: 1 }]]), 'branch3x3dbl_3'),
      net.conv(pool === 'max' ? net.maxPool(x, 1) : net.averagePool(x), `${name}.branch_pool`, 192),
    ],
    1,
  );
}

const stages: readonly (readonly [InceptionTap, (net: InceptionGraph, x: Tensor) => Tensor])[] = [
  [
    64,
    (net, x) => {
      const first = net.conv(net.conv(x, 'Conv2d_1a_3x3', 32, { kernel: 3, stride: 2 }), 'Conv2d_2a_3x3', 32, { kernel: 3 });
      return net.maxPool(net.conv(first, 'Conv2d_2b_3x3', 64, { kernel: 3, padding: 1 }), 2);
    },
  ],
  [192, (net, x) => net.maxPool(net.conv(net.conv(x, 'Conv2d_3b_1x1', 80), 'Conv2d_4a_3x3', 192, { kernel: 3 }), 2)],
  [
    768,
    (net, x) => {
      let y = mixed35(net, mixed35(net, mixed35(net, x, 'Mixed_5b', 32), 'Mixed_5c', 64), 'Mixed_5d', 64);
      y = reductionTo17(net, y, 'Mixed_6a');
      for (const [letter, channels] of [
        ['b', 128],
        ['c', 160],
        ['d', 160],
        ['e', 192],
      ] as const)
        y = mixed17(net, y, `Mixed_6${letter}`, channels);
      return y;
    },
  ],
  [
    2048,
    (net, x) => {
      const y = mixed8(net, reductionTo8(net, x, 'Mixed_7a'), 'Mixed_7b', 'average');
      return mixed8(net, y, 'Mixed_7c', 'max');
    },
  ],
];

/** pixels [n, 3, 299, 299], about -1..1 -> [n, tap], the layer's mean over all places, for every tap up to `last`. */
export function inceptionV3(
  graph: Graph,
  pixels: Tensor,
  weights: ReadonlyMap<string, StoredTensor>,
  last: InceptionTap = 2048,
): Map<InceptionTap, Tensor> {
  const net = new InceptionGraph(graph, weights);
  const taps = new Map<InceptionTap, Tensor>();
  let x = pixels;
  for (const [tap, stage] of stages) {
    if (tap > last) break;
    x = stage(net, x);
    taps.set(tap, graph.reduceMean(x, [2, 3]));
  }
  return taps;
}
