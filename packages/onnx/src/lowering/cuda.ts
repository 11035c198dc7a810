// CUDA's lowering: large products and convolutions for cuBLAS and cuDNN, few nodes, and normalizations that read float16 as it is.
import { attentionGradientAtOnce } from './attention.ts';
import { commonEmitters } from './common.ts';
import { convolutionEmitters } from './convolutions.ts';
import { type Lowering } from './lowering.ts';

export const cuda: Lowering = {
  expansions: { attentionGradient: attentionGradientAtOnce },
  emitters: { ...commonEmitters, ...convolutionEmitters({ filters: false, weightGradientIsConvolution: true, flipsAlways: true }) },
  writesIntoGivenArrays: true,
  normalizesHalf: true,
};
