// The code blocks of a Markdown file, and a service in which they can run as they stand.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { discPicture } from '@styleforge/testing';
import { TestService } from './service.ts';
import { makeTinyExtractor } from './tiny-base-model.ts';

/** Few steps at a small size: the examples name the shipped model and leave numbers to its profile. */
const profile = {
  resolution: 32,
  defaults: { max_train_steps: 4, learning_rate: 1e-3 },
  generation: { steps: 2, guidance_scale: 2 },
  evaluation: { prompts: 'mini', extractor: 'mini-clip', clip_extractor: 'mini-clip' },
};

export async function startDocumentedService(): Promise<TestService> {
  const test = await TestService.create({ 'styleforge-mini': profile });
  await makeTinyExtractor(join(test.directory, 'models', 'mini-clip'));
  return test;
}

/** What the variables of the examples stand for. */
export function exampleEnvironment(test: TestService): NodeJS.ProcessEnv {
  const inherited = Object.fromEntries(['PATH', 'HOME', 'TMPDIR'].map((name) => [name, globalThis.process.env[name]]));
  return { ...inherited, STYLEFORGE_API_KEY: test.apiKey, STYLEFORGE_BASE_URL: test.service.url };
}

/** File names as people and cameras write them; the SDK's examples ask for the first three by number. */
const NAMES = ['1.png', '2.png', '3.png', 'my "cat", asleep; back\\slash 4.png'];

/** `pictures/style` and `pictures/aux`, as the examples have them. */
export async function writePictures(directory: string): Promise<void> {
  for (const [folder, hues] of [
    ['style', [0, 40, 80, 100]],
    ['aux', [120, 160, 200, 240]],
  ] as const) {
    const path = join(directory, 'pictures', folder);
    await mkdir(path, { recursive: true });
    for (const [index, hue] of hues.entries()) await writeFile(join(path, NAMES[index] ?? `${index + 1}.png`), await discPicture(hue));
  }
}

/** Code blocks in order; `language` as after the three backticks, `heading` limits them to one section. */
export function codeBlocks(markdown: string, language: string, heading?: string): string[] {
  const from = heading === undefined ? 0 : markdown.indexOf(`\n${heading}\n`);
  if (from < 0) throw new Error(`there is no heading ${heading}`);
  const level = heading?.split(' ')[0] ?? '';
  const end = heading === undefined ? -1 : markdown.slice(from + 1 + heading.length).search(new RegExp(`^#{1,${level.length}} `, 'm'));
  const section = end < 0 ? markdown.slice(from) : markdown.slice(from, from + 1 + (heading?.length ?? 0) + end);
  return [...section.matchAll(/^```(\S*)\n(.*?)^```$/gms)].filter(([, found]) => found === language).map(([, , code = '']) => code);
}
