// Gradients of activations and normalizations as other operations, for devices without their own kernels.
import { plainGeluGradient, plainSiluGradient, plainStandardizeGradient } from '@styleforge/autodiff';
import { type Expansions } from './lowering.ts';

export const plainGradients = {
  siluGradient: (graph, _node, inputs) => [plainSiluGradient(graph, inputs)],
  geluGradient: (graph, _node, inputs) => [plainGeluGradient(graph, inputs)],
  standardizeGradient: (graph, _node, inputs) => [plainStandardizeGradient(graph, inputs)],
} satisfies Expansions;
