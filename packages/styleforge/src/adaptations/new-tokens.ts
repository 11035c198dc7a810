// New rows of the token table: each component's token has several, which start as copies of a word's row and train separately from the
// frozen table.
import { type Graph, type Shape, type Tensor } from '@styleforge/autodiff';
import { type CLIPTokenizer, type ComponentName } from '@styleforge/model-files';
import { type ParameterBuffers } from '@styleforge/runtime';
import { type AddedTokens, componentOf, type LearnedRows, TOKEN_TABLE } from '@styleforge/weights';
import { TrainingInputError } from '../config.ts';
import { type TrainableModel } from '../model/model.ts';
import { isOfText } from './component-rates.ts';
import { componentOf as componentOfWeight, prefixOf } from '../model/parameter-names.ts';

const ROWS = 'embeddings.token_embedding.new_rows';
/** Number of positions for start and end of a prompt. */
const PROMPT_ENDS = 2;

export const isNewRows = (name: string): boolean => isOfText(name) && name.endsWith(`.${ROWS}`);

/** The token table with `count` additional rows, which are a separate parameter. */
export function withNewRows(graph: Graph, name: string, shape: Shape, count: number): Tensor | undefined {
  const component = componentOfWeight(name);
  if (!isOfText(name) || !name.endsWith(`.${TOKEN_TABLE}`)) return undefined;
  return graph.concat([graph.parameter(name, shape), graph.parameter(`${component}.${ROWS}`, [count, shape[1]])], 0);
}

/** New rows of one text encoder's table. */
export interface EncoderRows {
  readonly component: ComponentName;
  readonly tokens: AddedTokens;
  /** The row of the table that each new row starts from. */
  readonly initialIds: readonly number[];
}

export interface NewTokens {
  /** The rows for each text encoder. */
  readonly encoders: readonly EncoderRows[];
  /** Words by text encoder, in the form for tokenizers. */
  readonly tokens: Readonly<Partial<Record<ComponentName, AddedTokens>>>;
  /** Number of new rows in each table. */
  readonly rows: number;
}

function checkToken(token: string, tokenizer: CLIPTokenizer): void {
  const lower = token.toLowerCase();
  if (token !== lower) throw new TrainingInputError(`the token '${token}' is written in upper case: give ${lower}`);
  if (tokenizer.encode(token)[2] === tokenizer.endId)
    throw new TrainingInputError(`the token '${token}' is in the base model's vocabulary already: choose another, such as <${token}>`);
}

function initialIdOf(word: string, tokenizer: CLIPTokenizer): number {
  const [, initialId, end] = tokenizer.encode(word);
  if (end === tokenizer.endId) return initialId;
  throw new TrainingInputError(`adaptation.initial_word: '${word}' is not one token of the base model: choose a plain word such as style`);
}

/** Throws TrainingInputError for tokens that are already in the vocabulary, and for an initial word of several tokens. */
export function newTokens({ networks, tokenizers }: TrainableModel, tokens: readonly string[], vectors: number, word: string): NewTokens {
  const encoders = networks.textEncoders.map(({ component, model }, i): EncoderRows => {
    const tokenizer = tokenizers[i];
    const initialId = initialIdOf(word, tokenizer);
    if (vectors > tokenizer.maxLength - PROMPT_ENDS)
      throw new TrainingInputError(`adaptation.vectors is ${vectors}: a prompt has room for ${tokenizer.maxLength - PROMPT_ENDS} tokens`);
    for (const token of tokens) checkToken(token, tokenizer);
    const first = model.config.vocab_size;
    return {
      component,
      tokens: tokens.map((text, t) => ({ text, ids: Array.from({ length: vectors }, (_, k) => first + t * vectors + k) })),
      initialIds: tokens.flatMap(() => new Array<number>(vectors).fill(initialId)),
    };
  });
  const added = encoders.map((encoder) => [encoder.component, encoder.tokens] as const);
  return { encoders, tokens: Object.fromEntries(added), rows: tokens.length * vectors };
}

/** Copies each new row from its initial row. */
export async function initializeRows(trained: ParameterBuffers, model: TrainableModel, { encoders }: NewTokens): Promise<void> {
  for (const { component, initialIds } of encoders) {
    const reader = await componentOf(model.folder, component).openWeights();
    try {
      const table = await reader.read(TOKEN_TABLE);
      const rows = trained.get(prefixOf(component) + ROWS);
      const width = rows.length / initialIds.length;
      initialIds.forEach((id, row) => rows.set(table.subarray(id * width, (id + 1) * width), row * width));
    } finally {
      await reader.close();
    }
  }
}

/** The trained rows of one token, by text encoder. */
export interface LearnedToken {
  readonly token: string;
  readonly rows: ReadonlyMap<ComponentName, LearnedRows>;
}

/** The trained rows of each token. */
export function learnedRows(trained: ParameterBuffers, { encoders, rows: all }: NewTokens): LearnedToken[] {
  const rowsOf = ({ component, tokens }: EncoderRows, index: number): LearnedRows => {
    const values = trained.get(prefixOf(component) + ROWS);
    const width = values.length / all;
    const { text, ids } = tokens[index];
    const start = ids[0] - tokens[0].ids[0];
    return { token: text, vectors: ids.length, rows: values.subarray(start * width, (start + ids.length) * width) };
  };
  return encoders[0].tokens.map(({ text }, index) => ({
    token: text,
    rows: new Map(encoders.map((encoder) => [encoder.component, rowsOf(encoder, index)])),
  }));
}
