// Cases of kind guidance: given predictions combined with StyleDrop's two scales, or with one scale without an adapter.
import { guide, guideStyle } from '@styleforge/diffusion';
import { relativeCase, type CaseResult } from '../case-result.ts';
import { type CaseInputs, type MethodCase } from './method-case.ts';

const tolerance = 2e-5;

interface GuidanceCase extends MethodCase {
  readonly cases: readonly { readonly tensor: string; readonly lambda_a: number; readonly lambda_b: number }[];
  readonly without_adapter: { readonly tensor: string; readonly guidance_scale: number };
}

export async function* guidanceCases({ folder, name, methods }: CaseInputs): AsyncGenerator<CaseResult> {
  const { file, cases, without_adapter: plain } = methods.cases[name] as GuidanceCase;
  const reference = await folder.tensors(file);
  const [adapted, base, negative] = await Promise.all(['adapted', 'base', 'negative'].map((tensor) => reference.read(tensor)));
  for (const { tensor, lambda_a: style, lambda_b: text } of cases) {
    const guided = guideStyle({ adapted, base, negative }, { style, text });
    yield relativeCase(`${name}.${tensor}`, guided, await reference.read(tensor), tolerance, { lambda_a: style, lambda_b: text });
  }
  const { tensor, guidance_scale: scale } = plain;
  const expected = await reference.read(tensor);
  const alone = guideStyle({ adapted: base, base, negative }, { style: 1, text: scale - 1 });
  yield relativeCase(`${name}.${tensor}`, alone, expected, tolerance);
  yield relativeCase(`${name}.${tensor}.one-scale`, guide(Float32Array.of(...negative, ...base), scale), expected, tolerance);
}
