// CUDA's lowering: onnxruntime's fused operations, cuDNN's own convolutions. Tiles and narrow products are still those of the processor.
import { attentionGradientByHeads } from './attention.ts';
import { commonEmitters } from './common.ts';
import { convolutionEmitters } from './convolutions.ts';
import { type Lowering } from './lowering.ts';
import { narrowProducts } from './products.ts';

export const cuda: Lowering = {
  expansions: { attentionGradient: attentionGradientByHeads(2 ** 18), matmul: narrowProducts(32) },
  emitters: { ...commonEmitters, ...convolutionEmitters(false) },
  writesIntoGivenArrays: true,
};
