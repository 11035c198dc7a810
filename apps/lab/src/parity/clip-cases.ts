// clip.safetensors: both towers of tiny-clip, their embeddings and the logits between them.
import { Graph } from '@styleforge/autodiff';
import { CLIPModel, endOfTextIndices, parseCLIPConfig } from '@styleforge/diffusion';
import { relativeCase, type CaseResult } from './case-result.ts';
import { evaluate } from './evaluate.ts';
import { readIds, type ReferenceFolder } from './reference-folder.ts';

const tolerance = 2e-5;

export async function* clipCases(folder: ReferenceFolder): AsyncGenerator<CaseResult> {
  const reference = await folder.tensors('clip.safetensors');
  const config = parseCLIPConfig(await folder.json('tiny-clip/config.json'));
  const model = new CLIPModel(config);
  const graph = new Graph();
  const [texts, length] = reference.info('input_ids').shape;
  const inputIds = graph.input('input_ids', [texts, length], 'int32');
  const endOfText = graph.input('end_of_text', [texts], 'int32');
  const text = model.textEmbeddings(graph, { inputIds, endOfText });
  const image = model.imageEmbeddings(graph, graph.input('pixel_values', reference.info('pixel_values').shape));
  const logits = model.logitsPerImage(graph, image, text);
  const ids = await readIds(reference, 'input_ids');
  const results = await evaluate(graph, { text, image, logits }, await folder.tensors('tiny-clip/model.safetensors'), {
    input_ids: ids,
    end_of_text: endOfTextIndices(ids, length, config.text_config),
    pixel_values: await reference.read('pixel_values'),
  });
  yield relativeCase('clip.text_embeds', results.text, await reference.read('text_embeds'), tolerance);
  yield relativeCase('clip.image_embeds', results.image, await reference.read('image_embeds'), tolerance);
  yield relativeCase('clip.logits_per_image', results.logits, await reference.read('logits_per_image'), tolerance);
}
