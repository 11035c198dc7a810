// Gives a base model's tokenizer rows of as many ids as its text encoder has positions, whatever its config says.
import { join } from 'node:path';
import { CLIPTokenizer, parseCLIPTextConfig } from '@styleforge/model-files';
import { exists, readDiffusersFolder, readJson, writeFileAtomically } from '@styleforge/weights';

export async function matchTokenizer(directory: string, onNote: ((note: string) => void) | undefined): Promise<void> {
  const { textEncoder, tokenizerDirectory } = await readDiffusersFolder(directory);
  if (tokenizerDirectory === undefined) return;
  const { max_position_embeddings: positions } = parseCLIPTextConfig(textEncoder.config);
  const { maxLength } = await CLIPTokenizer.fromDirectory(tokenizerDirectory);
  if (maxLength === positions) return;
  const path = join(tokenizerDirectory, 'tokenizer_config.json');
  const config = { ...((await exists(path)) ? await readJson(path) : {}), model_max_length: positions };
  await writeFileAtomically(path, (handle) => handle.writeFile(`${JSON.stringify(config, null, 2)}\n`));
  onNote?.(
    `tokenizer/tokenizer_config.json: model_max_length was ${maxLength} and is now ${positions}, the text encoder's number of positions`,
  );
}
