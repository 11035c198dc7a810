// Selects the files of a repository that make a trainable diffusers folder: configs, tokenizer, and one set of safetensors weights for
// each network.
import { type ComponentFiles, type FamilyFiles, familyOfPaths, TOKENIZER_FILES } from '@styleforge/model-files';
import { weightsFileNames } from './diffusers-reader.ts';

const smallFiles = ({ components }: FamilyFiles): Set<string> =>
  new Set([
    'model_index.json',
    'README.md',
    'styleforge.json',
    'scheduler/scheduler_config.json',
    ...components.map(({ name }) => `${name}/config.json`),
    ...components.flatMap(({ tokenizer }) => (tokenizer ? TOKENIZER_FILES.map((name) => `${tokenizer}/${name}`) : [])),
  ]);

/** `model.safetensors.index.json` and all shards that its name implies. */
function withShards(index: string, paths: readonly string[]): string[] {
  const stem = index.slice(0, index.indexOf('.safetensors.index'));
  const variant = /\.index\.(\w+)\.json$/.exec(index)?.[1];
  const isShard = (path: string): boolean => path.startsWith(stem) && /^[^/]*-\d+-of-\d+[^/]*\.safetensors$/.test(path.slice(stem.length));
  return [index, ...paths.filter((path) => isShard(path) && (variant ? path.includes(`.${variant}`) : !/\.(fp16|bf16)/.test(path)))];
}

/** The end of the error for a folder without model_index.json: what to use instead, if the paths show it. */
function inPlaceOfIndex(paths: readonly string[]): string {
  const inner = paths.find((path) => path.endsWith('/model_index.json'));
  if (inner !== undefined) return `; its folder ${inner.slice(0, inner.lastIndexOf('/'))} does: name that folder`;
  const single = paths.find((path) => /^[^/]+\.(safetensors|ckpt)$/.test(path));
  return single === undefined ? '' : `; it contains ${single}: name that file, not its folder`;
}

/** The error for a network without safetensors weights: its weights have another format, or it has no folder. */
function inPlaceOfWeights({ name: folder, network }: ComponentFiles, paths: readonly string[]): string {
  if (paths.some((path) => path.startsWith('transformer/')) && !paths.some((path) => path.startsWith('unet/')))
    return (
      'this model has a transformer in place of a U-Net, as Stable Diffusion 3 and FLUX have; add a model of Stable ' +
      'Diffusion 1.x, 2.x or XL'
    );
  const variant = paths.find((path) => path.startsWith(`${folder}/`) && path.endsWith('.safetensors'));
  if (variant !== undefined)
    return `${folder} has no weights under a usual name, only ${variant}; rename them to ${folder}/${weightsFileNames(network)[0]}`;
  const other = paths.find((path) => path.startsWith(`${folder}/`) && /\.(bin|ckpt|msgpack|h5|onnx)$/.test(path));
  const remedy = 'load the folder with diffusers and save it again: save_pretrained(FOLDER, safe_serialization=True)';
  return `${folder} has no safetensors weights${other === undefined ? '; download the whole folder' : `, only ${other}; ${remedy}`}`;
}

/** The paths to fetch. Throws if the folder is not that of a model, or if a network has no safetensors weights. */
export function diffusersFolderFiles(paths: readonly string[]): string[] {
  if (!paths.includes('model_index.json'))
    throw new Error(`this is not a diffusers folder: it contains no model_index.json${inPlaceOfIndex(paths)}`);
  const family = familyOfPaths(paths);
  const weights = family.components.flatMap((component) => {
    const { name: folder, network } = component;
    const found = weightsFileNames(network)
      .map((name) => `${folder}/${name}`)
      .find((path) => paths.includes(path));
    if (found === undefined) throw new Error(inPlaceOfWeights(component, paths));
    return found.endsWith('.json') ? withShards(found, paths) : [found];
  });
  const required = ['scheduler/scheduler_config.json', ...family.components.map(({ name }) => `${name}/config.json`)];
  const missing = required.filter((path) => !paths.includes(path));
  if (missing.length > 0) throw new Error(`${missing.join(', ')} missing; download the whole folder`);
  const small = smallFiles(family);
  return [...paths.filter((path) => small.has(path)), ...weights];
}
