// methods.json: reference results of the methods other than full fine-tuning. The kind of a case determines its checks.
import { guarded, type CaseResult } from '../case-result.ts';
import { type ReferenceFolder } from '../reference-folder.ts';
import { type CaseInputs, type Methods } from './method-case.ts';
import { adapterForwardCases } from './adapter-cases.ts';
import { customDiffusionFilesCases, learnedEmbedsCases } from './embedding-cases.ts';
import { guidanceCases } from './guidance-cases.ts';
import { forwardCases, sampleCases, singleFileCases } from './family-cases.ts';
import { loraFilesCases, loraMergedCases } from './lora-cases.ts';
import { gradientCases, trainCases } from './train-cases.ts';

const kinds: Record<string, (inputs: CaseInputs) => AsyncGenerator<CaseResult>> = {
  'adapter-forward': adapterForwardCases,
  'custom-diffusion-files': customDiffusionFilesCases,
  'learned-embeds': learnedEmbedsCases,
  'lora-files': loraFilesCases,
  'lora-merged': loraMergedCases,
  forward: forwardCases,
  grad: gradientCases,
  guidance: guidanceCases,
  sample: sampleCases,
  'single-file': singleFileCases,
  train: trainCases,
};

export async function* methodCases(folder: ReferenceFolder): AsyncGenerator<CaseResult> {
  const methods = await folder.json<Methods>('methods.json');
  for (const [name, { kind }] of Object.entries(methods.cases)) {
    const check = kinds[kind];
    if (check) yield* guarded(name, check({ folder, name, methods }));
    else yield { case: name, max_abs: null, max_rel: null, tolerance: 0, ok: false, error: `nothing here checks cases of kind '${kind}'` };
  }
}
