// Cases of kind adapter-forward: one pass of a U-Net with residual adapters.
import { adaptModels, parseUNet2DConditionConfig, timestepEmbedding, UNet2DConditionModel } from '@styleforge/diffusion';
import { Graph } from '@styleforge/autodiff';
import { Program } from '@styleforge/runtime';
import { addBranch, isBranchParameter } from '@styleforge/styleforge';
import { relativeCase, type CaseResult } from '../case-result.ts';
import { readIds } from '../reference-folder.ts';
import { encodeText } from './encode-text.ts';
import { type CaseInputs, type MethodCase } from './method-case.ts';

const tolerance = 2e-5;
const UNET = 'unet.';

interface ForwardCase extends MethodCase {
  /** `final.*` */
  readonly adapters: string;
  /** `forward.*` */
  readonly inputs: string;
  readonly shared: boolean;
  readonly bottleneck: number;
}

export async function* adapterForwardCases({ folder, name, methods }: CaseInputs): AsyncGenerator<CaseResult> {
  const { checkpoint, file, adapters, inputs, shared, bottleneck } = methods.cases[name] as ForwardCase;
  const reference = await folder.tensors(file);
  const model = await folder.checkpoint(checkpoint);
  const input = (tensor: string): string => inputs.replace('*', tensor);
  const graph = new Graph();
  adaptModels(graph, { layer: (on, layer) => addBranch(on, layer, { shared, bottleneck }) });
  const config = parseUNet2DConditionConfig(model.unet.config);
  const ids = reference.info(input('input_ids')).shape;
  const context = await encodeText(model, await readIds(reference, input('input_ids')), ids);
  const { shape } = reference.info(input('sample'));
  const out = new UNet2DConditionModel(config).forward(
    graph,
    {
      sample: graph.input('sample', shape),
      timestepEmbedding: graph.input('timestep_embedding', [shape[0], config.block_out_channels[0]]),
      encoderHiddenStates: graph.input('encoder_hidden_states', [...ids, context.length / ids[0] / ids[1]]),
    },
    UNET,
  );
  const program = await Program.compile(graph, { out });
  const weights = await model.unet.openWeights();
  try {
    for (const parameter of graph.parameters.keys()) {
      const values = isBranchParameter(parameter)
        ? await reference.read(adapters.replace('*', parameter))
        : await weights.read(parameter.slice(UNET.length));
      program.bind([[parameter, values]]);
    }
    const results = await program.run({
      sample: await reference.read(input('sample')),
      timestep_embedding: timestepEmbedding(await reference.read(input('timesteps')), config),
      encoder_hidden_states: context,
    });
    yield relativeCase(name, results.out, await reference.read(input('out')), tolerance);
  } finally {
    await Promise.all([weights.close(), program.release()]);
  }
}
