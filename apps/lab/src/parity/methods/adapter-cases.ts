// Cases of kind adapter-forward: one pass of a U-Net with residual adapters.
import { adaptModels, modelOfFolder } from '@styleforge/diffusion';
import { Graph } from '@styleforge/autodiff';
import { Program } from '@styleforge/runtime';
import { addBranch, isBranchParameter, UNET_PREFIX } from '@styleforge/styleforge';
import { componentOf } from '@styleforge/weights';
import { relativeCase, type CaseResult } from '../case-result.ts';
import { type CaseInputs, type MethodCase } from './method-case.ts';
import { denoiserOf, encodeTexts, imagesOf, textTokens } from './reference-inputs.ts';

const tolerance = 2e-5;

interface ForwardCase extends MethodCase {
  /** `final.*` */
  readonly adapters: string;
  /** `forward.*` */
  readonly inputs: string;
  readonly shared: boolean;
  readonly bottleneck: number;
}

export async function* adapterForwardCases({ folder, name, methods }: CaseInputs): AsyncGenerator<CaseResult> {
  const { checkpoint: folderName, file, adapters, inputs, shared, bottleneck } = methods.cases[name] as ForwardCase;
  const reference = await folder.tensors(file);
  const checkpoint = await folder.checkpoint(folderName);
  const input = (tensor: string): string => inputs.replace('*', tensor);
  const graph = new Graph();
  adaptModels(graph, { layer: (on, layer) => addBranch(on, layer, { shared, bottleneck }) });
  const model = modelOfFolder(checkpoint);
  const { shape } = reference.info(input('sample'));
  const out = denoiserOf(graph, model, shape, textTokens(reference, input), UNET_PREFIX);
  const program = await Program.compile(graph, { out });
  const weights = await componentOf(checkpoint, 'unet').openWeights();
  try {
    for (const parameter of graph.parameters.keys()) {
      const values = isBranchParameter(parameter)
        ? await reference.read(adapters.replace('*', parameter))
        : await weights.read(parameter.slice(UNET_PREFIX.length));
      program.bind([[parameter, values]]);
    }
    const results = await program.run({
      sample: await reference.read(input('sample')),
      ...model.sampleFeeds(await reference.read(input('timesteps')), await imagesOf(reference, input)),
      ...(await encodeTexts(checkpoint, reference, methods.end_id, input)),
    });
    yield relativeCase(name, results.out, await reference.read(input('out')), tolerance);
  } finally {
    await Promise.all([weights.close(), program.release()]);
  }
}
