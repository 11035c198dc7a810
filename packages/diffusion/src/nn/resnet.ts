// Residual convolution blocks, and layers that halve or double an image's size.
import { ShapeError, type Tensor } from '@styleforge/autodiff';
import { type Activation, type TimeScaleShift } from '@styleforge/model-files';
import { activate, conv2d, groupNorm, linear } from './layers.ts';
import { type Scope } from './scope.ts';

export interface ResnetOptions {
  readonly groups: number;
  readonly epsilon: number;
  readonly activation: Activation;
  readonly timeScaleShift?: TimeScaleShift;
  /** Divisor of the sum of both branches. */
  readonly outputScaleFactor?: number;
}

/** A residual block. `activatedTime` is the time embedding [n, features] after its activation; the autoencoder has none. */
export function resnetBlock2D(
  scope: Scope,
  x: Tensor,
  outChannels: number,
  activatedTime: Tensor | undefined,
  options: ResnetOptions,
): Tensor {
  return scope.graph.recomputed(() => residual(scope, x, outChannels, activatedTime, options));
}

function residual(scope: Scope, x: Tensor, outChannels: number, activatedTime: Tensor | undefined, options: ResnetOptions): Tensor {
  const { graph } = scope;
  const { groups, epsilon, activation, timeScaleShift = 'default', outputScaleFactor = 1 } = options;
  const inChannels = x.shape[1];
  let hidden = activate(scope, groupNorm(scope.child('norm1'), x, groups, epsilon), activation);
  hidden = conv2d(scope.child('conv1'), hidden, outChannels, { kernel: 3, padding: 1 });
  const norm2 = (input: Tensor): Tensor => groupNorm(scope.child('norm2'), input, groups, epsilon);
  if (!activatedTime) {
    hidden = norm2(hidden);
  } else if (timeScaleShift === 'default') {
    const shift = linear(scope.child('time_emb_proj'), activatedTime, outChannels);
    hidden = norm2(graph.add(hidden, graph.reshape(shift, [shift.shape[0], outChannels, 1, 1])));
  } else {
    const both = linear(scope.child('time_emb_proj'), activatedTime, 2 * outChannels);
    const perChannel = graph.reshape(both, [both.shape[0], 2 * outChannels, 1, 1]);
    const scale = graph.slice(perChannel, 1, 0, outChannels);
    const shift = graph.slice(perChannel, 1, outChannels, 2 * outChannels);
    hidden = graph.add(graph.mul(norm2(hidden), graph.add(scale, 1)), shift);
  }
  hidden = conv2d(scope.child('conv2'), activate(scope, hidden, activation), outChannels, { kernel: 3, padding: 1 });
  const shortcut = inChannels === outChannels ? x : conv2d(scope.child('conv_shortcut'), x, outChannels, { kernel: 1 });
  const sum = graph.add(shortcut, hidden);
  return outputScaleFactor === 1 ? sum : graph.div(sum, outputScaleFactor);
}

/** Halves height and width. Padding 0 means one row and one column of zeros, at the bottom and on the right only. */
export function downsample2D(scope: Scope, x: Tensor, padding: number): Tensor {
  const pads = padding === 0 ? ([0, 0, 1, 1] as const) : ([padding, padding, padding, padding] as const);
  return conv2d(scope.child('conv'), x, x.shape[1], { kernel: 3, stride: 2, pads });
}

/** Doubles height and width, or enlarges to `size`, which may be one less: then the last row or column is dropped. */
export function upsample2D(scope: Scope, x: Tensor, size?: readonly [number, number]): Tensor {
  const { graph } = scope;
  let enlarged = graph.upsampleNearest(x, [2, 2]);
  for (const axis of [2, 3]) {
    const wanted = size?.[axis - 2] ?? enlarged.shape[axis];
    if (wanted !== enlarged.shape[axis] && wanted !== enlarged.shape[axis] - 1) {
      throw new ShapeError(
        `${scope.prefix}: cannot enlarge [${x.shape.slice(2)}] to [${size}]; choose a size divisible by the downsampling factor`,
      );
    }
    if (wanted !== enlarged.shape[axis]) enlarged = graph.slice(enlarged, axis, 0, wanted);
  }
  return conv2d(scope.child('conv'), enlarged, x.shape[1], { kernel: 3, padding: 1 });
}
