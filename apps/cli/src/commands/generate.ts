// `styleforge generate`: prompts to PNG files, shown in the terminal where it can.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SAMPLERS } from '@styleforge/contracts';
import type { GeneratedImage, GenerationCreateParams } from '@styleforge/sdk';
import { Option } from 'commander';
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { untilInterrupted } from '../follow.ts';
import { imageProtocol, inlineImage } from '../terminal/inline-image.ts';
import { addVerb, collect, numberOf } from '../verb.ts';

interface SaveOptions {
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
  negativePrompt?: string;
  width?: string;
  height?: string;
}

export function addGenerateCommand(program: Command): void {
  addVerb(program, {
    usage: 'generate <prompts...>',
    description: 'Generate images and save them as PNG',
    examples: [
      'styleforge generate --model job_... "a photo of zwx style, house" -n 4 --out pictures',
      'styleforge generate --model styleforge-mini "a photo of a house" --seed 7',
    ],
    options: addGenerateOptions,
    run: generate,
  });
  addVerb(program.command('images').description('Generated images'), {
    usage: 'save <generation>',
    description: 'Save the images of a generation, waiting for them where they are still being made',
    examples: ['styleforge images save gen_... --out pictures'],
    options: (command) => void addSaveOptions(command),
    run: saveWhenReady,
  });
}

function addGenerateOptions(command: Command): void {
  command.requiredOption('-m, --model <model>', 'a job that has succeeded, a checkpoint, or a base model');
  addSaveOptions(command)
    .option('-n, --number <number>', 'images for each prompt')
    .option('--adapter <model[=strength]>', 'a trained adapter on top of the model; may be repeated', collect)
    .option('--seed <number>')
    .option('--steps <number>')
    .option('--guidance-scale <number>')
    .option('--style-guidance <number>', 'StyleDrop: from the base model towards the adapted one, 0 to 2')
    .option('--text-guidance <number>', 'StyleDrop: from the negative prompt towards the prompt')
    .addOption(new Option('--sampler <sampler>').choices(SAMPLERS))
    .option('--negative-prompt <text>')
    .option('--width <pixels>')
    .option('--height <pixels>');
}

function addSaveOptions(command: Command): Command {
  return command.option('-o, --out <folder>', 'where the images go', '.').option('--no-inline', 'do not show the images in the terminal');
}

async function generate(context: Context, options: GenerateOptions, prompts: string[]): Promise<void> {
  const { id, config } = await context.client().images.generate(requestOf(options, prompts));
  context.output.note(`${id}  ${prompts.length * config.num_images} images of ${config.width}x${config.height}, seed ${config.seed} ...`);
  await saveWhenReady(context, options, id);
}

async function saveWhenReady({ client, output, environment }: Context, { out, inline }: SaveOptions, id: string): Promise<void> {
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

function requestOf(options: GenerateOptions, prompts: string[]): GenerationCreateParams {
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
    negative_prompt: options.negativePrompt,
    adapters: options.adapter?.map(adapterOf),
  };
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<GenerationCreateParams>;
  return { model: options.model, prompts, ...given };
}

/** `job_...=0.8`: the model, and its strength where it is not 1. */
function adapterOf(text: string): { model: string; strength?: number } {
  const [model = '', strength] = text.split('=');
  return { model, ...(strength !== undefined && { strength: numberOf('--adapter', strength)! }) };
}

/** The prompt, the seed, and enough of the id to be alone in the folder. */
function fileNameOf({ prompt, seed, id }: GeneratedImage): string {
  const words = prompt
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, '-')
    .replaceAll(/^-|-$/g, '')
    .slice(0, 60);
  return `${words || 'image'}-${seed}-${id.slice(-6)}.png`;
}
