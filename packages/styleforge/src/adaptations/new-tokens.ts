// New rows of the token table: each component's token stands for some, which start as copies of a word's row and train apart from the frozen table.
import { type Graph, type Shape, type Tensor } from '@styleforge/autodiff';
import { type LearnedToken } from '@styleforge/model-files';
import { type ParameterBuffers } from '@styleforge/runtime';
import { type LearnedRows, TOKEN_TABLE } from '@styleforge/weights';
import { TrainingInputError } from '../config.ts';
import { type TrainableModel } from '../model.ts';
import { isTextEncoder } from './component-rates.ts';
import { componentOf, TEXT_ENCODER_PREFIX } from '../parameter-names.ts';

const ROWS = 'embeddings.token_embedding.new_rows';
/** Start and end take two places of a prompt. */
const PROMPT_ENDS = 2;

export const isNewRows = (name: string): boolean => isTextEncoder(componentOf(name)) && name.endsWith(`.${ROWS}`);

/** The token table with `count` rows more, which are a parameter of their own. */
export function withNewRows(graph: Graph, name: string, shape: Shape, count: number): Tensor | undefined {
  const component = componentOf(name);
  if (!isTextEncoder(component) || !name.endsWith(`.${TOKEN_TABLE}`)) return undefined;
  return graph.concat([graph.parameter(name, shape), graph.parameter(`${component}.${ROWS}`, [count, shape[1]])], 0);
}

export interface NewTokens {
  readonly tokens: readonly LearnedToken[];
  /** The row of the table that all rows of a token start from. */
  readonly initialIds: readonly number[];
  readonly rows: number;
}

/** Throws TrainingInputError for tokens that the vocabulary has, and for an initial word that is several tokens. */
export function newTokens(model: TrainableModel, tokens: readonly string[], vectors: number, initialWord: string): NewTokens {
  const { tokenizer } = model;
  const [, initialId, end] = tokenizer.encode(initialWord);
  if (end !== tokenizer.endId)
    throw new TrainingInputError(
      `adaptation.initial_word: '${initialWord}' is not one token of the base model: choose a plain word such as style`,
    );
  if (vectors > tokenizer.maxLength - PROMPT_ENDS)
    throw new TrainingInputError(`adaptation.vectors is ${vectors}: a prompt has room for ${tokenizer.maxLength - PROMPT_ENDS} tokens`);
  for (const token of tokens) {
    const lower = token.toLowerCase();
    if (token !== lower) throw new TrainingInputError(`the token '${token}' is written in upper case: give ${lower}`);
    if (tokenizer.encode(token)[2] === tokenizer.endId)
      throw new TrainingInputError(`the token '${token}' is in the base model's vocabulary already: choose another, such as <${token}>`);
  }
  const first = model.textEncoder.config.vocab_size;
  return {
    tokens: tokens.map((text, t) => ({ text, ids: Array.from({ length: vectors }, (_, i) => first + t * vectors + i) })),
    initialIds: tokens.flatMap(() => new Array<number>(vectors).fill(initialId)),
    rows: tokens.length * vectors,
  };
}

/** Every new row becomes a copy of its initial row. */
export async function initializeRows(trained: ParameterBuffers, model: TrainableModel, { initialIds }: NewTokens): Promise<void> {
  const reader = await model.folder.textEncoder.openWeights();
  try {
    const table = await reader.read(TOKEN_TABLE);
    for (const { name, shape } of trained.specs.filter((spec) => isNewRows(spec.name))) {
      const width = shape[1];
      initialIds.forEach((id, row) => trained.get(name).set(table.subarray(id * width, (id + 1) * width), row * width));
    }
  } finally {
    await reader.close();
  }
}

/** The trained rows of each token. */
export function learnedRows(trained: ParameterBuffers, { tokens, rows }: NewTokens): LearnedRows[] {
  const values = trained.get(TEXT_ENCODER_PREFIX + ROWS);
  const width = values.length / rows;
  const first = tokens[0].ids[0];
  return tokens.map(({ text, ids }) => ({
    token: text,
    vectors: ids.length,
    rows: values.subarray((ids[0] - first) * width, (ids[0] - first + ids.length) * width),
  }));
}
