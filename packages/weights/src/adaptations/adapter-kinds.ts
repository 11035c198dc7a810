// The kinds of adapter files that can be read. Each kind recognizes its files, and knows what they change in a model.
import { basename, extname } from 'node:path';
import { embeddingComponents, type ComponentName } from '@styleforge/model-files';
import { componentOf, type AddedTokens, type DiffusersFolder } from '../checkpoints/diffusers-reader.ts';
import { type TensorReader } from '../tensors/tensor-reader.ts';
import { type WeightChange } from './adapted-reader.ts';
import { type AppliedBranch, holdsBranches, readBranches } from './branches.ts';
import { AdapterFileError, addLora } from './lora.ts';
import { type ModelLayers } from '@styleforge/model-files';
import { holdsLora, readLora } from './read-lora.ts';

/** Everything that adapters change in a model, collected file by file. */
export class ModelChanges {
  readonly folder: DiffusersFolder;
  readonly model: ModelLayers;
  /** Residual adapters in the U-Net, which run after a layer. */
  readonly branches: AppliedBranch[] = [];
  readonly #weights = new Map<string, Map<string, WeightChange[]>>();
  readonly #rows = new Map<string, number>();
  readonly #tokens: Partial<Record<ComponentName, AddedTokens>>;

  constructor(folder: DiffusersFolder, model: ModelLayers) {
    this.folder = folder;
    this.model = model;
    this.#tokens = { ...folder.addedTokens };
  }

  /** Tokens in prompts that stand for new rows, by text encoder. */
  get tokens(): Readonly<Partial<Record<ComponentName, AddedTokens>>> {
    return this.#tokens;
  }

  change(component: string, weight: string, change: WeightChange): void {
    const ofComponent = this.#weights.get(component) ?? new Map<string, WeightChange[]>();
    ofComponent.set(weight, [...(ofComponent.get(weight) ?? []), change]);
    this.#weights.set(component, ofComponent);
  }

  weightsOf(component: string): ReadonlyMap<string, readonly WeightChange[]> | undefined {
    return this.#weights.get(component);
  }

  /** Number of rows that have been added to the token table of a component. */
  rowsOf(component: string): number {
    return this.#rows.get(component) ?? 0;
  }

  /** Appends new rows to a component's token table. */
  addRows(component: ComponentName, token: string, rows: Float32Array, count: number): void {
    const known = this.#tokens[component] ?? [];
    if (known.some(({ text }) => text === token)) throw new AdapterFileError(`the token ${token} is given twice: take one of the adapters`);
    const width = rows.length / count;
    const first = (componentOf(this.folder, component).config.vocab_size as number) + this.rowsOf(component);
    const whole = first + count;
    this.#rows.set(component, this.rowsOf(component) + count);
    this.change(component, TOKEN_TABLE, {
      shape: [whole, width],
      apply: (table) => {
        const longer = new Float32Array(whole * width);
        longer.set(table);
        longer.set(rows, first * width);
        return longer;
      },
    });
    this.#tokens[component] = [...known, { text: token, ids: Array.from({ length: count }, (_, i) => first + i) }];
  }
}

export const TOKEN_TABLE = 'embeddings.token_embedding.weight';

interface AdapterSource {
  readonly reader: TensorReader;
  readonly path: string;
  /** The token of an embedding whose file contains none. */
  readonly token?: string | undefined;
  readonly strength: number;
}

interface AdapterKind {
  holds(names: readonly string[], reader: TensorReader): boolean;
  collect(source: AdapterSource, changes: ModelChanges): Promise<void>;
}

const lora: AdapterKind = {
  holds: holdsLora,
  async collect({ reader, path, strength }, changes) {
    for (const layer of await readLora(reader, path, changes.model)) {
      const apply = (weight: Float32Array): Float32Array => {
        addLora(weight, layer, strength);
        return weight;
      };
      changes.change(layer.component, `${layer.module}.weight`, { apply });
    }
  },
};

const customKey = /^(?:unet\.)?(.*)\.processor\.(to_k|to_v|to_q|to_out)_custom_diffusion(\.0)?\.(weight|bias)$/;

/** Custom Diffusion: complete matrices that replace those of the cross-attention. */
const customDiffusion: AdapterKind = {
  holds: (names) => names.length > 0 && names.every((name) => customKey.test(name)),
  async collect({ reader, path, strength }, changes) {
    for (const name of reader.names()) {
      const [, place, projection, index = '', part] = customKey.exec(name)!;
      const module = `${place}.${projection}${index}`;
      if (!changes.model.layers.get('unet')?.has(module))
        throw new AdapterFileError(`${basename(path)}: '${name}' belongs to no layer of this model: was it trained on another base model?`);
      const trained = await reader.read(name);
      const apply = (weight: Float32Array): Float32Array => weight.map((value, i) => value + strength * (trained[i] - value));
      changes.change('unet', `${module}.${part}`, { apply });
    }
  },
};

/**
 * Textual Inversion and the tokens of Custom Diffusion: rows by token, [vectors, width] or [width]. If the file contains only rows, its
 * name is the token.
 */
const embeddings: AdapterKind = {
  holds: (names, reader) =>
    names.length > 0 && names.length <= 16 && names.every((name) => reader.info(name).shape.length <= 2 && !/\.(weight|bias)$/.test(name)),
  async collect({ reader, path, token: given }, changes) {
    for (const key of reader.names()) {
      const { shape } = reader.info(key);
      const [count, width] = shape.length === 2 ? shape : [1, shape[0]];
      const token = embeddingComponents.has(key) ? (given ?? basename(path, extname(path))) : key;
      const encoders = changes.folder.components.filter(({ network }) => network === 'text-encoder');
      const fits = encoders.filter(({ name, config }) => config.hidden_size === width && (embeddingComponents.get(key) ?? name) === name);
      // diffusers numbers the files, which distinguishes text encoders of the same width
      const encoder = fits.find(({ name }) => /_2$/.test(name) === /_2\b/.test(basename(path))) ?? fits[0];
      if (encoder === undefined)
        throw new AdapterFileError(
          `${basename(path)}: '${key}' has rows of ${width} numbers, and no text encoder of this model has that width`,
        );
      changes.addRows(encoder.name, token, await reader.read(key), count);
    }
  },
};

const branches: AdapterKind = {
  holds: holdsBranches,
  async collect({ reader, path, strength }, changes) {
    for (const branch of await readBranches(reader)) {
      if (!changes.model.layers.get('unet')?.has(branch.layer))
        throw new AdapterFileError(`${basename(path)}: this model has no layer ${branch.layer}: was it trained on another base model?`);
      changes.branches.push({ ...branch, strength });
    }
  },
};

const kinds: readonly AdapterKind[] = [branches, lora, customDiffusion, embeddings];

/** Adds the changes of one file. Throws AdapterFileError if its kind is unknown, or if it does not fit the model. */
export async function collectChanges(source: AdapterSource, changes: ModelChanges): Promise<void> {
  const names = source.reader.names();
  const kind = kinds.find(({ holds }) => holds(names, source.reader));
  if (!kind)
    throw new AdapterFileError(
      `${basename(source.path)} is not an adapter of a known kind: its tensors are named ${names.slice(0, 3).join(', ')}`,
    );
  await kind.collect(source, changes);
}
