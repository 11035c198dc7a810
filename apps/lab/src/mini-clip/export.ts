// Writes mini-clip as a CLIP folder in transformers' layout, in half precision, with its model card.
import { type ParameterBuffers } from '@styleforge/runtime';
import { listLicences } from '@styleforge/samples';
import { writeSafetensors } from '@styleforge/weights';
import { copyFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { clipConfig, preprocessorConfig } from './geometry.ts';
import { type Retrieval } from './retrieval.ts';

export interface MiniClipFacts {
  readonly step: number;
  readonly batchSize: number;
  readonly seed: number;
  readonly pictures: number;
  readonly retrieval: Retrieval;
}

export interface ExportedMiniClip {
  readonly weights: ParameterBuffers;
  readonly tokenizerDirectory: string;
  readonly facts: MiniClipFacts;
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

function card({ step, batchSize, seed, pictures, retrieval }: MiniClipFacts): string {
  const { text_config: text, vision_config: vision } = clipConfig;
  return `# mini-clip

A small CLIP for 64x64 images of emoji subjects, by which StyleForge judges its own images where no larger network is configured: features for
\`fid@mini-clip\` and \`kid@mini-clip\`, closeness of image and prompt for \`clip@mini-clip\`. Its numbers say nothing beside those of another extractor.

| | |
|---|---|
| layout | transformers' \`CLIPModel\`, half-precision safetensors |
| image tower | ${vision.image_size}x${vision.image_size}, patches of ${vision.patch_size}, width ${vision.hidden_size}, ${vision.num_hidden_layers} layers |
| text tower | width ${text.hidden_size}, ${text.num_hidden_layers} layers, ${text.max_position_embeddings} positions, the real CLIP vocabulary |
| embeddings | ${clipConfig.projection_dim} numbers |
| training | contrastive, ${step} steps of ${batchSize} pairs, AdamW 1e-3, averaged weights, seed ${seed}; made with this project's own engine |
| images | ${pictures} of emoji in nine styles; a twentieth of the pairs of subject and style held out |
| held-out images | of ${retrieval.pictures}, the right one of a hundred names is closest for ${percent(retrieval.top1)}, among the five closest for ${percent(retrieval.top5)} |

Remake it with \`npm run pretrain:clip\`.

## Data and licences

| package | version | licence | attribution |
|---|---|---|---|
${listLicences()
  .map((entry) => `| ${entry.packageName} | ${entry.version} | ${entry.spdx} | ${entry.attribution} |`)
  .join('\n')}
`;
}

export async function exportMiniClip(directory: string, { weights, tokenizerDirectory, facts }: ExportedMiniClip): Promise<void> {
  await mkdir(directory, { recursive: true });
  await writeSafetensors(
    join(directory, 'model.safetensors'),
    weights.specs.map(({ name, shape }) => ({ name, shape: [...shape], data: weights.get(name) })),
    { dtype: 'F16' },
  );
  for (const name of await readdir(tokenizerDirectory)) await copyFile(join(tokenizerDirectory, name), join(directory, name));
  const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
  await writeFile(join(directory, 'config.json'), json(clipConfig));
  await writeFile(join(directory, 'preprocessor_config.json'), json(preprocessorConfig));
  await writeFile(join(directory, 'README.md'), card(facts));
}
