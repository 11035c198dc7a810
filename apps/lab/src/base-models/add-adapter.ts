// Installs an adapter file for all projects: checks it against its base model, then copies it to the folder of base models.
import { copyFile, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { baseModelName, INSTALLED_ADAPTER_FILE, peftFault, type InstalledAdapter } from '@styleforge/contracts';
import { checkAdapter, describeNetworks, exists, fitsBase, inspectAdapter, keptFileName, readJson } from '@styleforge/model-files';
import { CallError } from '../options.ts';

export interface AddAdapterOptions {
  /** BASE_MODELS_DIRECTORY */
  readonly directory: string;
  readonly name: string;
  /** Path on this machine. */
  readonly file: string;
  readonly base: string;
  readonly token?: string | undefined;
  readonly title?: string | undefined;
  readonly license?: string | undefined;
}

const PEFT_CONFIG = 'adapter_config.json';

/** Returns the new folder. Throws ModelFileError for a file that is no adapter, or that does not fit the base model. */
export async function addAdapter({ directory, name, file, base, token, title, license }: AddAdapterOptions): Promise<string> {
  if (!baseModelName.safeParse(name).success)
    throw new Error(`NAME '${name}' must be lower-case letters, digits, dots, hyphens or underscores`);
  const [folder, baseFolder] = [join(directory, name), join(directory, base)];
  if (await exists(folder)) throw new Error(`${folder} already exists: choose another NAME, or remove it first`);
  if (!(await exists(join(baseFolder, 'model_index.json'))))
    throw new CallError(`--base ${base}: ${directory} has no base model of this name`);
  const adapter = await inspectAdapter(file);
  const { unet } = await describeNetworks(baseFolder);
  const misfit = fitsBase(adapter, { name: base, contextWidth: unet.cross_attention_dim[0] ?? 0 });
  if (misfit !== null) throw new Error(misfit);
  await checkAdapter(file, adapter.kind, baseFolder);
  const peft = join(dirname(file), PEFT_CONFIG);
  if (adapter.isWrapped && !(await exists(peft)))
    throw new Error(`${file} is a LoRA of peft, which stores its strength (lora_alpha) in ${PEFT_CONFIG}: put that file next to it`);
  const fault = adapter.isWrapped ? peftFault(await readJson(peft)) : null;
  if (fault !== null) throw new Error(`${peft}: ${fault}`);
  const kept = adapter.isWrapped
    ? `adapter_model.${(await keptFileName(file, file)).split('.').at(-1)}`
    : await keptFileName(file, basename(file));
  const described: InstalledAdapter = {
    ...{ base_model: base, file: kept, tokens: token === undefined ? [...adapter.tokens] : [token] },
    ...(title !== undefined && { title }),
    ...(license !== undefined && { license }),
  };
  const partial = `${folder}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true });
  await copyFile(file, join(partial, kept));
  if (adapter.isWrapped) await copyFile(peft, join(partial, PEFT_CONFIG));
  await writeFile(join(partial, INSTALLED_ADAPTER_FILE), `${JSON.stringify(described, null, 2)}\n`);
  await rename(partial, folder);
  return folder;
}
