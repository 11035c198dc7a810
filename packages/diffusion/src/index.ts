// Diffusion models, their noise schedules and tokenizers, and the pipelines that join them.
export { permutation, randomIntegers, randomNormals, randomUniforms, type RandomKey } from './random.ts';
