// CUDA's lowering: large products and convolutions for cuBLAS and cuDNN, few nodes, and normalizations that read float16 directly.
import { attentionGradientAtOnce, attentionGradientByHeads } from './attention.ts';
import { commonEmitters } from './common.ts';
import { convolutionEmitters } from './convolutions.ts';
import { plainGradients } from './gradients.ts';
import { type Lowering } from './lowering.ts';
import { ownKernelEmitters, ownKernels } from './own-kernels.ts';

/** Number of attention scores in memory at once when memory is to be saved: 256 MiB of float32. */
const HELD_SCORES = 2 ** 26;

export const cuda: Lowering = {
  expansions: { ...plainGradients, attentionGradient: attentionGradientAtOnce },
  savingMemory: { attentionGradient: attentionGradientByHeads(HELD_SCORES) },
  emitters: {
    ...commonEmitters,
    ...convolutionEmitters({ filters: false, weightGradientIsConvolution: true, flipsAlways: true }),
    ...ownKernelEmitters,
  },
  ownKernels,
  writesIntoGivenArrays: true,
  normalizesHalf: true,
};
