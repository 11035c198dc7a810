// Files shipped with the model: its card, and its styleforge.json, which a new training does not change.
import { listCoreSubjects, listLicences, places } from '@styleforge/samples';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { textEncoderConfig, unetConfig, vaeConfig } from './geometry.ts';

export interface TrainingFacts {
  readonly seed: number;
  readonly unetSteps: number;
  readonly batchSize: number;
  readonly pictures: number;
  readonly learningRate: number;
  /** Whether the training started from the weights of the previous model. */
  readonly continued: boolean;
}

const BASE_PACKAGES = ['@iconify-json/noto', '@iconify-json/twemoji', '@iconify-json/fluent-emoji-flat', 'unicode-emoji-json'];

function card({ seed, unetSteps, batchSize, pictures, learningRate, continued }: TrainingFacts): string {
  const sources = listLicences().filter(({ packageName }) => BASE_PACKAGES.includes(packageName));
  return `# styleforge-mini

A latent diffusion model for 64x64 images of things and people in three emoji styles, small enough to ship and to fine-tune
on two processor cores in minutes. It exists so that StyleForge can be seen at work without downloading Stable Diffusion.

| | |
|---|---|
| layout | diffusers folder (\`StableDiffusionPipeline\`), half-precision safetensors |
| autoencoder | 64x64x3 to 16x16x8, channels ${vaeConfig.block_out_channels.join('/')}, L1 + MSE + edges + KL, trained on drawings on grounds, as lines, hatching, blocks and palettes by chance (\`npm run pretrain -- autoencoder\`) |
| U-Net | channels ${unetConfig.block_out_channels.join('/')}, attention at 8x8 and in the middle, velocity prediction |
| text encoder | CLIP architecture, width ${textEncoderConfig.hidden_size}, ${textEncoderConfig.num_hidden_layers} layers, ${textEncoderConfig.max_position_embeddings} positions, the real CLIP vocabulary, trained together with the U-Net |
| training | ${continued ? 'after the model before ' : ''}${unetSteps} steps of ${batchSize}, AdamW ${learningRate.toExponential()} falling in the last third, a tenth of it for the text encoder, averaged weights (0.999), seed ${seed} |
| images | ${pictures}: ${listCoreSubjects().length} subjects in three styles ("classic", "flat", "fluent") on white, two of them side by side, and in places (${places.map(({ words }) => words).join(', ')}), less held-out combinations |
| prompts | \`<subject>, <word> style\`, \`a photo of <word> style, <subject>\`, \`<subject> and <subject> at night, <word> style\` and others; a tenth empty, and in three of ten that name a style a rare word in its place |

Made with this project's own engine; no other framework was used. Train it further with \`npm run pretrain -- autoencoder\` and \`npm run pretrain -- unet\`; \`--fresh\` starts from random weights.

## Data and licences

| package | version | licence | attribution |
|---|---|---|---|
${sources.map((entry) => `| ${entry.packageName} | ${entry.version} | ${entry.spdx} | ${entry.attribution} |`).join('\n')}

## Limits

It knows emoji subjects by their Unicode names and nothing else. Faces and hands are rough; letters and flags were left out.
`;
}

/** `from`: folder of the model that the training started from. */
export async function modelFiles(from: string, facts: TrainingFacts): Promise<Record<string, string>> {
  return { 'README.md': card(facts), 'styleforge.json': await readFile(join(from, 'styleforge.json'), 'utf8') };
}
