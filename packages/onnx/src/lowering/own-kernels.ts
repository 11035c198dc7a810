// Operations of our own, computed by the kernels of packages/runtime/cuda: how they are written, and which shapes the kernels support.
import { type OpNode } from '@styleforge/autodiff';
import { type FloatPrecision } from '../file/model-builder.ts';
import { type EmitContext, type Emitters, type Lowering } from './lowering.ts';

/** The domain of our operations in a model. */
export const OWN_DOMAIN = 'styleforge';

/** Sizes of a head, in numbers, for which attention's kernels are compiled. */
export const HEAD_SIZES: readonly number[] = [40, 64, 80];

const headSize = ({ inputs: [q], attributes: { heads } }: OpNode<'attentionGradient'>): number => q.shape[2] / heads;

/** The operation's name for a precision: a kernel has all operands and results in float32, or all in float16. */
const named = (name: string, precision: FloatPrecision): string => (precision === 'float16' ? `${name}Half` : name);

const elementwise =
  (name: string) =>
  ({ builder, node, operands, precision }: EmitContext): string =>
    builder.node(named(name, precision), operands, { domain: OWN_DOMAIN, types: [{ dtype: precision, shape: node.outputs[0].shape }] });

/** Emits attention's gradient. Its last result is memory that the kernels share; nothing else reads it. */
function emitAttentionGradient({ builder, node, operands, precision }: EmitContext<'attentionGradient'>): readonly string[] {
  const { heads, scale } = node.attributes;
  const [batch, queries] = node.inputs[0].shape;
  const outputs = ['dq', 'dk', 'dv', 'statistics'].map((hint) => builder.freshName(hint));
  builder.node(named('AttentionGradient', precision), operands, {
    domain: OWN_DOMAIN,
    outputs,
    attributes: { heads: BigInt(heads), scale },
    types: [...node.outputs.map(({ shape }) => ({ dtype: precision, shape })), { dtype: 'float32', shape: [2, batch * heads, queries] }],
  });
  return outputs.slice(0, 3);
}

export const ownKernelEmitters = {
  siluGradient: elementwise('SiluGradient'),
  geluGradient: elementwise('GeluGradient'),
  standardizeGradient: elementwise('StandardizeGradient'),
  attentionGradient: emitAttentionGradient,
} satisfies Partial<Emitters>;

export const ownKernels: Lowering['ownKernels'] = {
  siluGradient: () => true,
  geluGradient: () => true,
  standardizeGradient: () => true,
  attentionGradient: (node) => HEAD_SIZES.includes(headSize(node)),
};
