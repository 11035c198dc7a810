// Sets the maximum length of a base model's tokenizer to the number of positions of its text encoder.
import { join } from 'node:path';
import { CLIPTokenizer, parseCLIPTextConfig } from '@styleforge/model-files';
import { componentOf, exists, readDiffusersFolder, readJson, writeFileAtomically, type JsonObject } from '@styleforge/weights';

export async function matchTokenizer(directory: string, onNote: ((note: string) => void) | undefined): Promise<void> {
  const folder = await readDiffusersFolder(directory);
  for (const { name, tokenizer } of folder.family.components) {
    if (tokenizer !== undefined) await matchOne(directory, tokenizer, componentOf(folder, name).config, onNote);
  }
}

async function matchOne(
  directory: string,
  tokenizer: string,
  textEncoder: JsonObject,
  onNote: ((note: string) => void) | undefined,
): Promise<void> {
  if (!(await exists(join(directory, tokenizer)))) return;
  const { max_position_embeddings: positions } = parseCLIPTextConfig(textEncoder);
  const { maxLength } = await CLIPTokenizer.fromDirectory(join(directory, tokenizer));
  if (maxLength === positions) return;
  const path = join(directory, tokenizer, 'tokenizer_config.json');
  const config = { ...((await exists(path)) ? await readJson(path) : {}), model_max_length: positions };
  await writeFileAtomically(path, (handle) => handle.writeFile(`${JSON.stringify(config, null, 2)}\n`));
  onNote?.(
    `${tokenizer}/tokenizer_config.json: model_max_length was ${maxLength} and is now ${positions}, the text encoder's number of positions`,
  );
}
