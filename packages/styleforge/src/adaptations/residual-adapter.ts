// StyleDrop's adapters (arXiv 2306.00983, appendix B): h + up(GELU(down(h))) on the outputs of cross-attention and feed-forward of every
// transformer block.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Graph, type Tensor } from '@styleforge/autodiff';
import { type AdapterAdaptation } from '@styleforge/contracts';
import { type AdaptedLayer, randomNormals } from '@styleforge/diffusion';
import { type ParameterBuffers } from '@styleforge/runtime';
import { type Branch, writeAdaptation, writeBranches } from '@styleforge/weights';
import { UNET_PREFIX } from '../model/parameter-names.ts';
import { type Adaptation, type AdaptationInputs } from './adaptation.ts';

export const ADAPTER_FILE = 'styledrop_adapter.safetensors';
const PARAMETER = /^unet\..*\.(attn2|ff)\.(down|up|down_offset|up_offset)$/;
/** Initial standard deviation of `down`, whose values are truncated at two of them. */
const DEVIATION = 0.02;

export type BranchSettings = Pick<AdapterAdaptation, 'bottleneck' | 'shared'>;

interface Site {
  /** Name of the site: `unet.BLOCK.SITE` */
  readonly place: string;
  readonly site: string;
}

/** The site of a layer; the last layer of each site computes the site's output. */
function siteOf(name: string): Site | undefined {
  const found = /^(unet\..*)\.(attn2\.to_out\.0|ff\.net\.2)$/.exec(name);
  if (!found) return undefined;
  const site = found[2].startsWith('attn2') ? 'attn2' : 'ff';
  return { place: `${found[1]}.${site}`, site };
}

export const isBranchParameter = (name: string): boolean => PARAMETER.test(name);

/** Matrices of the adapters. Shared ones exist once for each width and site; each block then adds one number to each row of both. */
function matrices(
  graph: Graph,
  { place, site }: Site,
  width: number,
  { bottleneck, shared }: BranchSettings,
): { down: Tensor; up: Tensor } {
  const owner = shared ? `${UNET_PREFIX}shared.${width}.${site}` : place;
  const down = graph.parameter(`${owner}.down`, [bottleneck, width]);
  const up = graph.parameter(`${owner}.up`, [width, bottleneck]);
  if (!shared) return { down, up };
  const offset = (name: string, size: number): Tensor => graph.reshape(graph.parameter(`${place}.${name}`, [size]), [size, 1]);
  return { down: graph.add(down, offset('down_offset', bottleneck)), up: graph.add(up, offset('up_offset', width)) };
}

export function addBranch(graph: Graph, { name, output }: Pick<AdaptedLayer, 'name' | 'output'>, settings: BranchSettings): Tensor {
  const site = siteOf(name);
  if (!site) return output;
  const { down, up } = matrices(graph, site, output.shape.at(-1)!, settings);
  return graph.add(output, graph.linear(graph.gelu(graph.linear(output, down)), up));
}

/**
 * Initial values: `up` is zero, so that the training starts from the base model; `down` is normal, truncated at two standard deviations.
 */
function initialize(trained: ParameterBuffers, seed: number): void {
  for (const { name } of trained.specs) {
    const values = trained.get(name);
    if (/\.up(_offset)?$/.test(name)) values.fill(0);
    else values.set(truncatedNormals(values.length, seed, name));
  }
}

function truncatedNormals(count: number, seed: number, name: string): Float32Array {
  const values = randomNormals({ seed, step: 0, purpose: `adapter ${name}` }, count);
  for (let index = 1; values.some((value) => Math.abs(value) > 2); index++) {
    const others = randomNormals({ seed, step: 0, purpose: `adapter ${name}`, index }, count);
    values.forEach((value, i) => {
      if (Math.abs(value) > 2) values[i] = others[i];
    });
  }
  return values.map((value) => value * DEVIATION);
}

/** Separate matrices for every block, even if they were shared in training. */
export function branchesOf(trained: ParameterBuffers, { shared }: BranchSettings): Branch[] {
  const places = trained.specs.map(({ name }) => name).filter((name) => name.endsWith(shared ? '.down_offset' : '.down'));
  return places.map((name) => {
    const place = name.slice(0, name.lastIndexOf('.'));
    const site = place.slice(place.lastIndexOf('.') + 1);
    const width = widthOf(trained, place, shared);
    const owner = shared ? `${UNET_PREFIX}shared.${width}.${site}` : place;
    const [down, up] = [trained.get(`${owner}.down`), trained.get(`${owner}.up`)];
    const bottleneck = down.length / width;
    const withOffset = (values: Float32Array, offset: string, columns: number): Float32Array =>
      shared ? values.map((value, i) => value + trained.get(`${place}.${offset}`)[Math.floor(i / columns)]) : values;
    return {
      layer: `${place.slice(UNET_PREFIX.length)}.${site === 'attn2' ? 'to_out.0' : 'net.2'}`,
      width,
      bottleneck,
      down: withOffset(down, 'down_offset', width),
      up: withOffset(up, 'up_offset', bottleneck),
    };
  });
}

function widthOf(trained: ParameterBuffers, place: string, shared: boolean): number {
  const [name, axis] = shared ? [`${place}.up_offset`, 0] : [`${place}.down`, 1];
  return trained.specs.find((spec) => spec.name === name)!.shape[axis];
}

export function residualAdaptation({ hyperparameters }: AdaptationInputs, config: AdapterAdaptation): Adaptation {
  return {
    kind: config.kind,
    trainsText: false,
    adapter: { layer: (graph, layer) => addBranch(graph, layer, config) },
    ratesOf: (name) => (isBranchParameter(name) ? {} : null),
    initialize: (trained) => Promise.resolve(initialize(trained, hyperparameters.seed)),
    write: async (directory, trained) => {
      await mkdir(directory, { recursive: true });
      await writeBranches(join(directory, ADAPTER_FILE), branchesOf(trained, config));
      const { kind, ...settings } = config;
      await writeAdaptation(directory, { kind, files: [ADAPTER_FILE], settings });
    },
  };
}
