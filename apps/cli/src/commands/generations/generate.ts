// `styleforge generate`: generates images from prompts, saves them, and shows them in terminals that can display images.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { type GenerationConfig, generationCells, IMAGE_FORMATS, imagesPerCell, SAMPLERS, counted } from '@styleforge/contracts';
import type { GeneratedImage, GenerationCreateParams } from '@styleforge/sdk';
import { Option } from 'commander';
import type { Command } from 'commander';
import type { Context } from '../../context.ts';
import { UsageError } from '../../exit-codes.ts';
import { untilInterrupted } from '../../follow.ts';
import { imageProtocol, inlineImage } from '../../terminal/inline-image.ts';
import { addVerb, collect, numberOf } from '../../verb.ts';
import { gridOf } from './grid-options.ts';

export interface SaveOptions {
  out: string;
  inline: boolean;
}

interface GenerateOptions extends SaveOptions {
  model: string;
  number?: string;
  adapter?: string[];
  seed?: string;
  steps?: string;
  guidanceScale?: string;
  styleGuidance?: string;
  textGuidance?: string;
  sampler?: GenerationCreateParams['sampler'];
  /** false: no negative prompt, even if the base model has one by default. */
  negativePrompt?: string | false;
  width?: string;
  height?: string;
  image?: string;
  strength?: string;
  format?: GenerationCreateParams['format'];
  quality?: string;
  x?: string;
  y?: string;
}

export function addGenerateCommand(program: Command): void {
  addVerb(program, {
    usage: 'generate <prompts...>',
    description: 'Generate images and save them',
    examples: [
      'styleforge generate --model job_... "a photo of zwx style, house" -n 4 --out images',
      'styleforge generate --model styleforge-mini "a photo of a house" --seed 7',
    ],
    options: addGenerateOptions,
    run: generate,
  });
}

function addGenerateOptions(command: Command): void {
  command.requiredOption('-m, --model <model>', 'named model, succeeded job, checkpoint or base model');
  addSaveOptions(command)
    .option('-n, --number <number>', 'images for each prompt')
    .option('--adapter <model[=strength]>', 'adapter to use on top of the model; may be repeated', collect)
    .option('--seed <number>', 'seed of the first image; default: random')
    .option('--steps <number>', 'sampling steps of each image; default: that of the base model')
    .option('--guidance-scale <number>', 'how strongly images follow the prompt; default: that of the base model')
    .option('--style-guidance <number>', 'StyleDrop: strength of the adapted model against the base model, 0 to 2')
    .option('--text-guidance <number>', 'StyleDrop: strength of the prompt against the negative prompt')
    .addOption(new Option('--sampler <sampler>').choices(SAMPLERS))
    .option('--negative-prompt <text>', 'what images should not show; default: that of the base model')
    .option('--no-negative-prompt', 'no negative prompt, even if the base model has one by default')
    .option('--width <pixels>', "width of the images, a multiple of 8; default: the model's own size")
    .option('--height <pixels>', "height of the images, a multiple of 8; default: the model's own size")
    .option('--image <image>', 'image to start from: the id of an uploaded or generated image, or a PNG, JPEG or WebP file')
    .option('--strength <number>', 'with --image: how much of it changes, above 0 and up to 1')
    .addOption(new Option('--format <format>').choices(IMAGE_FORMATS))
    .option('--quality <number>', 'quality of jpeg and webp files, 1 to 100')
    .option(
      '--x <setting=values>',
      'grid: a setting and its values, separated by commas, such as steps=10,20,40; negative_prompt=null,blurry compares none with a text',
    )
    .option('--y <setting=values>', 'second axis of the grid, in the same form as --x');
}

export function addSaveOptions(command: Command): Command {
  return command
    .option('-o, --out <folder>', 'folder in which to save the images', '.')
    .option('--no-inline', 'do not show the images in the terminal');
}

async function generate(context: Context, options: GenerateOptions, prompts: string[]): Promise<void> {
  const { id, config } = await context.client().images.generate(await requestOf(options, prompts));
  context.output.note(
    `${id}  ${counted(generationCells(config as GenerationConfig).length * imagesPerCell(config as GenerationConfig), 'image')} ` +
      `of ${config.width}x${config.height}, seed ${config.seed} ...`,
  );
  await saveWhenReady(context, options, id);
}

export async function saveWhenReady({ client, output, environment }: Context, { out, inline }: SaveOptions, id: string): Promise<void> {
  await mkdir(out, { recursive: true });
  const generation = await untilInterrupted(`styleforge images save ${id}`, (signal) =>
    client().images.waitFor(id, { signal, pollInterval: 500 }),
  );
  const protocol = inline && !output.json ? imageProtocol(environment, process.stdout.isTTY) : undefined;
  const files: string[] = [];
  for (const image of generation.images) {
    const png = new Uint8Array(await (await client().images.content(image.id)).arrayBuffer());
    const file = join(out, fileNameOf(image));
    await writeFile(file, png);
    files.push(file);
    if (protocol) process.stdout.write(inlineImage(protocol, png));
    if (!output.json) output.line(file);
  }
  output.result({ ...generation, files }, () => undefined);
}

async function requestOf(options: GenerateOptions, prompts: string[]): Promise<GenerationCreateParams> {
  const fields = {
    num_images: numberOf('--number', options.number),
    seed: numberOf('--seed', options.seed),
    steps: numberOf('--steps', options.steps),
    guidance_scale: numberOf('--guidance-scale', options.guidanceScale),
    style_guidance: numberOf('--style-guidance', options.styleGuidance),
    text_guidance: numberOf('--text-guidance', options.textGuidance),
    width: numberOf('--width', options.width),
    height: numberOf('--height', options.height),
    sampler: options.sampler,
    negative_prompt: options.negativePrompt === false ? null : options.negativePrompt,
    adapters: options.adapter?.map(adapterOf),
    image: options.image === undefined ? undefined : await startingImage(options.image),
    strength: numberOf('--strength', options.strength),
    format: options.format,
    quality: numberOf('--quality', options.quality),
    grid: gridOf(options),
  };
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<GenerationCreateParams>;
  return { model: options.model, prompts, ...given };
}

/** Parses `job_...=0.8`: a model and its strength, which is 1 if omitted. */
function adapterOf(text: string): { model: string; strength?: number } {
  const [model = '', strength] = text.split('=');
  return { model, ...(strength !== undefined && { strength: numberOf('--adapter', strength)! }) };
}

const MEDIA_TYPES: Record<string, string> = { '.png': 'image/png', '.jpg': 'image/jpeg', '.jpeg': 'image/jpeg', '.webp': 'image/webp' };

/** Returns an image id unchanged, and a file as a data URL. */
async function startingImage(value: string): Promise<string> {
  if (/^img_/.test(value)) return value;
  const mediaType = MEDIA_TYPES[extname(value).toLowerCase()];
  if (!mediaType) throw new UsageError(`--image ${value}: must be the id of an image (img_...) or a PNG, JPEG or WebP file`);
  const bytes = await readFile(value).catch((cause: Error) => {
    throw new UsageError(`--image ${value} cannot be read: ${cause.message}`, { cause });
  });
  return `data:${mediaType};base64,${bytes.toString('base64')}`;
}

/** File name of an image: the prompt, the seed, and enough of the id to be unique in the folder. */
function fileNameOf({ prompt, seed, id, format }: GeneratedImage): string {
  const words = prompt
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, '-')
    .replaceAll(/^-|-$/g, '')
    .slice(0, 60);
  return `${words || 'image'}-${seed}-${id.slice(-6)}.${format === 'jpeg' ? 'jpg' : format}`;
}
