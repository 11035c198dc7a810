// The processor's lowering: it works in pieces that fit the caches, and uses fewer multiplications for 3x3 convolutions.
import { attentionGradientByHeads } from './attention.ts';
import { commonEmitters } from './common.ts';
import { convolutionEmitters } from './convolutions.ts';
import { plainGradients } from './gradients.ts';
import { type Lowering } from './lowering.ts';
import { narrowProducts } from './products.ts';
import { exactReductions } from './reductions.ts';

/** Number of attention scores that are computed together: 1 MiB of float32 stays in the cache. */
const CACHED_SCORES = 2 ** 18;
/** Number of columns below which a matrix counts as narrow (docs/experiments/engine.md). */
const NARROW = 32;

export const cpu: Lowering = {
  expansions: { ...plainGradients, attentionGradient: attentionGradientByHeads(CACHED_SCORES), matmul: narrowProducts(NARROW) },
  emitters: { ...commonEmitters, ...convolutionEmitters({ filters: true }), ...exactReductions },
  writesIntoGivenArrays: true,
};
