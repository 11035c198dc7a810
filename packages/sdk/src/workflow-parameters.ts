// Reads the parameters of an image from the graph of nodes that ComfyUI writes into it.
import type { ImageParameters } from './parameters-in-image.ts';

/** A node: its inputs are values, or links to outputs of other nodes, `["4", 0]`. */
interface Node {
  inputs: Record<string, unknown>;
}
type Graph = Record<string, Node>;

const linkOf = (value: unknown): string | undefined => (Array.isArray(value) && typeof value[0] === 'string' ? value[0] : undefined);

/** The first value with one of the names on the way from a node along its links; a wrong graph may have circles. */
function along(graph: Graph, from: unknown, names: readonly string[], passed = new Set<Node>()): string | number | undefined {
  const node = graph[linkOf(from) ?? ''];
  if (!node?.inputs || passed.has(node)) return undefined;
  passed.add(node);
  const { inputs } = node;
  for (const name of names) {
    const value = inputs[name];
    if (typeof value === 'string' || typeof value === 'number') return value;
  }
  // a text that another node composes, before other nodes of the same kind
  const links = [...names.map((name) => inputs[name]), ...Object.values(inputs)].filter((value) => linkOf(value) !== undefined);
  for (const link of links) {
    const found = along(graph, link, names, passed);
    if (found !== undefined) return found;
  }
  return undefined;
}

const TEXT = ['text', 'text_g', 'prompt', 'value', 'string'];

/** The parameters of the first sampler in the graph; undefined if there is none. */
export function workflowParameters(json: string): ImageParameters | undefined {
  // Python writes numbers that JSON does not have
  const graph = JSON.parse(json.replaceAll(/([[:,]\s*)(?:NaN|-?Infinity)\b/g, '$1null')) as Graph;
  const samplers = Object.values(graph).map(({ inputs }) => inputs);
  const sampler = samplers.find((inputs) => linkOf(inputs?.['positive']) !== undefined && linkOf(inputs?.['latent_image']) !== undefined);
  if (!sampler) return undefined;
  /** A value of the sampler, which may come from another node. */
  const read = (names: readonly string[]) => {
    const own = names.map((name) => sampler[name]).find((value) => value !== undefined);
    return linkOf(own) === undefined ? own : along(graph, own, [...names, 'value']);
  };
  const number = (field: string, value: unknown) => (typeof value === 'number' ? { [field]: value } : {});
  const text = (field: string, value: unknown) => (typeof value === 'string' ? { [field]: value } : {});
  const strength = read(['denoise']);
  return {
    prompt: String(along(graph, sampler['positive'], TEXT) ?? ''),
    negative_prompt: String(along(graph, sampler['negative'], TEXT) ?? '') || null,
    ...number('seed', read(['seed', 'noise_seed'])),
    ...number('steps', read(['steps'])),
    ...number('guidance_scale', read(['cfg'])),
    ...(strength !== 1 && number('strength', strength)),
    ...number('width', along(graph, sampler['latent_image'], ['width'])),
    ...number('height', along(graph, sampler['latent_image'], ['height'])),
    ...text('sampler', [read(['sampler_name']), read(['scheduler'])].filter((name) => name !== 'normal').join(' ')),
    ...text('model', along(graph, sampler['model'], ['ckpt_name', 'unet_name'])),
  };
}
