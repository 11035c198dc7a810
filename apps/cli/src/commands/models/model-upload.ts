// `styleforge models upload`: uploads an adapter that was trained elsewhere as a version of a model.
import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import { UsageError } from '../../exit-codes.ts';
import { addVerb } from '../../verb.ts';

type Options = { base: string; token?: string; description?: string; license?: string; template?: string; config?: string; notes?: string };

export function addModelUpload(models: Command): void {
  addVerb(models, {
    usage: 'upload <model> <file>',
    description: 'Upload a LoRA, an embedding or another adapter as a version of a model; creates the model if it does not exist',
    examples: [
      'styleforge models upload ink ink-lora.safetensors --base stable-diffusion-v1-5',
      'styleforge models upload brush brush.pt --base stable-diffusion-v1-5 --token "<brush>"',
    ],
    options: (command) =>
      void command
        .requiredOption('--base <base-model>', 'base model that the file was made for')
        .option('--token <word>', 'word that prompts use for it: the token of an embedding, or the trigger word of a LoRA')
        .option('--description <text>', 'description of a new model')
        .option('--license <text>', 'licence of the file; default: that of the base model')
        .option('--template <text>', 'prompt template, such as "ink wash, {prompt}"')
        .option('--config <file>', 'adapter_config.json of a LoRA from peft; found automatically next to adapter_model.safetensors')
        .option('--notes <text>', 'notes about this version'),
    async run({ client, output }, { base, token, description, license, template, config, notes }: Options, name: string, file: string) {
      const found = await stat(file).catch(() => null);
      if (!found?.isFile()) throw new UsageError(`${file} is not a file: name the file of the adapter`);
      const version = await client().models.upload(name, {
        file,
        base_model: base,
        config: config ?? (await configBeside(file)),
        ...(token !== undefined && { token }),
        ...(description !== undefined && { description }),
        ...(license !== undefined && { license }),
        ...(template !== undefined && { prompt_template: template }),
        ...(notes !== undefined && { notes }),
      });
      output.result(version, () => {
        output.line(version.reference);
        const words = version.provenance.tokens.map(({ token: word }) => word).join(', ');
        output.note(`${version.provenance.adaptation} for ${base}${words && `; its prompts name ${words}`}. Use it: --model ${name}`);
      });
    },
  });
}

/** peft writes adapter_model.safetensors and adapter_config.json into one folder. */
async function configBeside(file: string): Promise<string | undefined> {
  if (!path.basename(file).startsWith('adapter_model.')) return undefined;
  const config = path.join(path.dirname(file), 'adapter_config.json');
  return (await stat(config).catch(() => null)) ? config : undefined;
}
