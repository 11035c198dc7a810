// The processor's lowering: what is worked on together fits its caches, and 3x3 convolutions need fewer multiplications.
import { attentionGradientByHeads } from './attention.ts';
import { commonEmitters } from './common.ts';
import { convolutionEmitters } from './convolutions.ts';
import { plainGradients } from './gradients.ts';
import { type Lowering } from './lowering.ts';
import { narrowProducts } from './products.ts';

/** Scores of the heads that are worked on together: a mebibyte of them stays in the cache. */
const CACHED_SCORES = 2 ** 18;
/** Fewest columns of a matrix that is not narrow (docs/experiments/engine.md). */
const NARROW = 32;

export const cpu: Lowering = {
  expansions: { ...plainGradients, attentionGradient: attentionGradientByHeads(CACHED_SCORES), matmul: narrowProducts(NARROW) },
  emitters: { ...commonEmitters, ...convolutionEmitters({ filters: true }) },
  writesIntoGivenArrays: true,
};
