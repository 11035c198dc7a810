// Single layers: projections, convolutions, normalizations, activations.
import { ShapeError, type Tensor } from '@styleforge/autodiff';
import { type Activation } from '@styleforge/model-files';
import { type Scope } from './scope.ts';

export function activate({ graph }: Scope, x: Tensor, activation: Activation): Tensor {
  switch (activation) {
    case 'silu':
      return graph.silu(x);
    case 'gelu':
      return graph.gelu(x);
    case 'quick_gelu':
      return graph.quickGelu(x);
    case 'relu':
      return graph.relu(x);
  }
}

export function linear(scope: Scope, x: Tensor, outFeatures: number, options: { bias?: boolean } = {}): Tensor {
  const weight = scope.parameter('weight', [outFeatures, x.shape.at(-1)!]);
  const output = scope.graph.linear(x, weight, options.bias === false ? undefined : scope.parameter('bias', [outFeatures]));
  return scope.adapted({ input: x, output });
}

export interface Conv2dOptions {
  readonly kernel: number;
  readonly stride?: number;
  /** Zeros on all four sides; ignored if `pads` is given. */
  readonly padding?: number;
  /** [top, left, bottom, right] */
  readonly pads?: readonly [number, number, number, number];
  readonly bias?: boolean;
}

export function conv2d(scope: Scope, x: Tensor, outChannels: number, options: Conv2dOptions): Tensor {
  const { kernel, stride = 1, padding = 0, pads = [padding, padding, padding, padding] } = options;
  const weight = scope.parameter('weight', [outChannels, x.shape[1], kernel, kernel]);
  const bias = options.bias === false ? undefined : scope.parameter('bias', [outChannels]);
  const strides = [stride, stride] as const;
  return scope.adapted({
    input: x,
    output: scope.graph.conv2d(x, weight, bias, { strides, pads }),
    convolution: { kernel, strides, pads },
  });
}

export function layerNorm(scope: Scope, x: Tensor, epsilon: number): Tensor {
  const size = x.shape.at(-1)!;
  const standardized = scope.graph.standardize(x, epsilon);
  return scope.graph.add(scope.graph.mul(standardized, scope.parameter('weight', [size])), scope.parameter('bias', [size]));
}

/** Group normalization over [n, c, ...]: mean and variance of each group of channels, then one scale and shift per channel. */
export function groupNorm(scope: Scope, x: Tensor, groups: number, epsilon: number): Tensor {
  const { graph } = scope;
  const [n, channels, ...rest] = x.shape;
  if (channels % groups !== 0) {
    throw new ShapeError(`${scope.prefix}: ${channels} channels do not divide into ${groups} groups; change norm_num_groups`);
  }
  const elements = rest.reduce((product, size) => product * size, channels / groups);
  const standardized = graph.reshape(graph.standardize(graph.reshape(x, [n * groups, elements]), epsilon), x.shape);
  const perChannel = [channels, ...rest.map(() => 1)];
  const scale = graph.reshape(scope.parameter('weight', [channels]), perChannel);
  const shift = graph.reshape(scope.parameter('bias', [channels]), perChannel);
  return graph.add(graph.mul(standardized, scale), shift);
}
