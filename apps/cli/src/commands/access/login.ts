// `styleforge login`: saves the service URL and an API key after the service has accepted the key.
import { createInterface } from 'node:readline/promises';
import { text } from 'node:stream/consumers';
import { StyleForge } from '@styleforge/sdk';
import type { Command } from 'commander';
import { saveLogin } from '../../config-file.ts';
import type { Context } from '../../context.ts';
import { UsageError } from '../../exit-codes.ts';
import { addVerb } from '../../verb.ts';

export function addLoginCommand(program: Command): void {
  addVerb(program, {
    usage: 'login',
    description: 'Save the service URL and an API key. Prompts for the key, or reads it from standard input.',
    examples: ['styleforge login --base-url http://127.0.0.1:3000', 'styleforge login < key.txt'],
    run: login,
  });
}

async function login({ output, environment, baseUrl, givenKey }: Context): Promise<void> {
  const apiKey = givenKey ?? (await readKey());
  if (!apiKey)
    throw new UsageError('No API key was given. The service prints one at its first start; `npm start -- --new-key` creates another.');
  const models = await new StyleForge({ apiKey, baseUrl }).baseModels.list();
  await saveLogin(environment.configFile, { base_url: baseUrl, api_key: apiKey });
  output.result({ base_url: baseUrl, config_file: environment.configFile }, () => {
    output.line(
      `Logged in to ${baseUrl}: ${models.length} base model${models.length === 1 ? '' : 's'}. Saved in ${environment.configFile}`,
    );
  });
}

async function readKey(): Promise<string> {
  if (!process.stdin.isTTY) return (await text(process.stdin)).trim();
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await prompt.question('API key (sf_...): ')).trim();
  } finally {
    prompt.close();
  }
}
