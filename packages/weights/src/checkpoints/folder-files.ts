// Which files of a repository make a diffusers folder that can be trained: configs, tokenizer, one set of safetensors weights for each network.
import { type FamilyFiles, familyOfPaths, TOKENIZER_FILES } from '@styleforge/model-files';
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

/** `model.safetensors.index.json` and, by its name, every shard beside it. */
function withShards(index: string, paths: readonly string[]): string[] {
  const stem = index.slice(0, index.indexOf('.safetensors.index'));
  const variant = /\.index\.(\w+)\.json$/.exec(index)?.[1];
  const isShard = (path: string): boolean => path.startsWith(stem) && /^[^/]*-\d+-of-\d+[^/]*\.safetensors$/.test(path.slice(stem.length));
  return [index, ...paths.filter((path) => isShard(path) && (variant ? path.includes(`.${variant}`) : !/\.(fp16|bf16)/.test(path)))];
}

/** Throws where a network has no safetensors weights. */
export function diffusersFolderFiles(paths: readonly string[]): string[] {
  if (!paths.includes('model_index.json')) throw new Error('this is not a diffusers folder: it holds no model_index.json');
  const family = familyOfPaths(paths);
  const weights = family.components.flatMap(({ name: folder, network }) => {
    const found = weightsFileNames(network)
      .map((name) => `${folder}/${name}`)
      .find((path) => paths.includes(path));
    if (found === undefined) throw new Error(`${folder} has no safetensors weights; convert the checkpoint to safetensors first`);
    return found.endsWith('.json') ? withShards(found, paths) : [found];
  });
  const small = smallFiles(family);
  return [...paths.filter((path) => small.has(path)), ...weights];
}
