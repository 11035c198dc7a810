// The states of a checkpoint's text encoder for a batch of token ids.
import { Graph, type Shape } from '@styleforge/autodiff';
import { CLIPTextModel, parseCLIPTextConfig } from '@styleforge/diffusion';
import { type DiffusersFolder } from '@styleforge/weights';
import { evaluate } from '../evaluate.ts';

/** inputIds [n, tokens] -> [n, tokens, features] */
export async function encodeText(folder: DiffusersFolder, inputIds: Int32Array, shape: Shape): Promise<Float32Array> {
  const graph = new Graph();
  const model = new CLIPTextModel(parseCLIPTextConfig(folder.textEncoder.config));
  const states = model.forward(graph, graph.input('input_ids', shape, 'int32'));
  const weights = await folder.textEncoder.openWeights();
  try {
    return (await evaluate(graph, { states }, weights, { input_ids: inputIds })).states;
  } finally {
    await weights.close();
  }
}
