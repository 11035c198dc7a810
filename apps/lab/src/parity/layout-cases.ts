// layouts.json: models and adapters as other programs write them. Each is added as an operator adds it; its images must equal the reference,
// or the error must have the given words.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { INSTALLED_ADAPTER_FILE } from '@styleforge/contracts';
import { loadTextToImagePipeline, type TextToImagePipeline } from '@styleforge/diffusion';
import { readJson, writeAdaptedModel } from '@styleforge/weights';
import { addAdapter } from '../base-models/add-adapter.ts';
import { addBaseModel } from '../base-models/add-base-model.ts';
import { type PredictionType } from '../base-models/layouts.ts';
import { relativeCase, type CaseResult } from './case-result.ts';
import { type ReferenceFolder } from './reference-folder.ts';

interface AppliedFile {
  readonly file: string;
  readonly strength?: number;
  readonly token?: string;
}

interface LayoutCase {
  /** Path of a base model. */
  readonly source?: string;
  /** Options of `npm run base-models -- add`. */
  readonly config?: string;
  readonly prediction_type?: PredictionType;
  /** Name of the case that adds the base model of the adapters. */
  readonly base?: string;
  readonly adapters?: readonly AppliedFile[];
  /** File of the start (`latents`), the `final` latents and the `image`. */
  readonly expected?: string;
  readonly prompt?: string;
  readonly steps?: number;
  readonly guidance?: number;
  /** Part of the error, as a regular expression, for a case that must be refused. */
  readonly refused?: string;
}

const LATENTS = 1e-4;
const IMAGE = 1e-3;

class Layouts {
  readonly #folder: ReferenceFolder;
  readonly #directory: string;
  readonly #cases: Readonly<Record<string, LayoutCase>>;
  readonly #bases = new Map<string, Promise<string>>();
  #adapters = 0;

  constructor(folder: ReferenceFolder, directory: string, cases: Readonly<Record<string, LayoutCase>>) {
    this.#folder = folder;
    this.#directory = directory;
    this.#cases = cases;
  }

  /** Installs what the case describes; returns the folder of the model. */
  async install(name: string): Promise<string> {
    const { source, base, adapters = [] } = this.#cases[name]!;
    if (source !== undefined) return this.#base(name);
    if (base === undefined) throw new Error(`the case ${name} has neither source nor base`);
    const installed = await this.#base(base);
    const applied = [];
    for (const { file, strength = 1, token } of adapters) {
      const path = this.#folder.path(file);
      const folder = await addAdapter({
        directory: this.#directory,
        name: `adapter-${this.#adapters++}`,
        file: path,
        base: base.toLowerCase(),
        token,
      });
      applied.push({ path: join(folder, await keptFile(folder)), strength, ...(token !== undefined && { token }) });
    }
    const adapted = join(this.#directory, `${name}.adapted`);
    await writeAdaptedModel(adapted, { base: installed, adapters: applied });
    return adapted;
  }

  #base(name: string): Promise<string> {
    const { source, config, prediction_type: predictionType } = this.#cases[name]!;
    const added =
      this.#bases.get(name) ??
      addBaseModel({
        ...{ directory: this.#directory, name: name.toLowerCase(), source: this.#folder.path(source!), profile: {}, sha256: new Map() },
        ...{ hub: { endpoint: 'http://127.0.0.1:9' }, s3: { region: 'us-east-1', forcePathStyle: true }, revision: 'main' },
        ...(config !== undefined && { configDirectory: this.#folder.path(config) }),
        ...(predictionType && { predictionType }),
      });
    this.#bases.set(name, added);
    return added;
  }
}

const keptFile = async (folder: string): Promise<string> => (await readJson(join(folder, INSTALLED_ADAPTER_FILE))).file as string;

async function sampled(
  pipeline: TextToImagePipeline,
  start: Float32Array,
  shape: readonly number[],
  options: LayoutCase,
): Promise<Float32Array> {
  const { prompt = '', steps = 3, guidance = 3 } = options;
  const ids = (text: string) => pipeline.components.tokenizers!.map((tokenizer) => tokenizer.encode(text));
  return pipeline.denoise(
    {
      latents: start,
      shape: shape as [number, number, number, number],
      prompts: [await pipeline.encodeText(ids(prompt))],
      negativePrompt: await pipeline.encodeText(ids('')),
    },
    { steps, guidanceScale: guidance, sampler: 'ddim' },
  );
}

async function* compared(name: string, folder: ReferenceFolder, model: string, options: LayoutCase): AsyncGenerator<CaseResult> {
  const reference = await folder.tensors(options.expected!);
  const { shape } = reference.info('latents');
  const pipeline = await loadTextToImagePipeline(model, { threads: 1 });
  try {
    const final = await sampled(pipeline, await reference.read('latents'), shape, options);
    yield relativeCase(`${name}.latents`, final, await reference.read('final'), LATENTS);
    const pixels = await pipeline.decode(await reference.read('final'), shape);
    yield relativeCase(`${name}.image`, pixels, await reference.read('image'), IMAGE);
  } finally {
    await pipeline.release();
  }
}

function errorCase(name: string, error: unknown, refused: string | undefined): CaseResult {
  const message = error instanceof Error ? error.message : String(error);
  const ok = refused !== undefined && new RegExp(refused, 's').test(message);
  return { case: name, max_abs: null, max_rel: null, tolerance: 0, ok, error: message };
}

async function* layoutCase(name: string, folder: ReferenceFolder, layouts: Layouts, options: LayoutCase): AsyncGenerator<CaseResult> {
  let model: string;
  try {
    model = await layouts.install(name);
  } catch (error) {
    return yield errorCase(name, error, options.refused);
  }
  if (options.refused !== undefined) yield errorCase(name, 'it was added, and must be refused', undefined);
  else if (options.expected === undefined) yield { case: name, max_abs: null, max_rel: null, tolerance: 0, ok: true };
  else yield* compared(name, folder, model, options);
}

export async function* layoutCases(folder: ReferenceFolder): AsyncGenerator<CaseResult> {
  const { cases } = await folder.json<{ cases: Readonly<Record<string, LayoutCase>> }>('layouts.json');
  const directory = await mkdtemp(join(tmpdir(), 'styleforge-layouts-'));
  const layouts = new Layouts(folder, directory, cases);
  try {
    for (const [name, options] of Object.entries(cases)) yield* layoutCase(name, folder, layouts, options);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
