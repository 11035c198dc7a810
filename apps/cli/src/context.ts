// Context of every command: the API client and the output.
import { DEFAULT_BASE_URL, StyleForge } from '@styleforge/sdk';
import type { Command } from 'commander';
import { loadLogin } from './config-file.ts';
import { readEnvironment } from './environment.ts';
import type { Environment } from './environment.ts';
import { UsageError } from './exit-codes.ts';
import { Output } from './terminal/output.ts';

type GlobalOptions = { json?: boolean; baseUrl?: string; apiKey?: string };

export interface Context {
  output: Output;
  environment: Environment;
  baseUrl: string;
  apiKey: string | undefined;
  /** Service URL from a flag or the environment, not from a saved login. */
  givenKey: string | undefined;
  client(): StyleForge;
}

/** Resolves URL and key: flags override the environment, which overrides the saved login. */
export async function contextOf(command: Command): Promise<Context> {
  const flags = command.optsWithGlobals<GlobalOptions>();
  const environment = readEnvironment();
  const stored = await loadLogin(environment.configFile);
  const baseUrl = flags.baseUrl ?? environment.baseUrl ?? stored.base_url ?? DEFAULT_BASE_URL;
  if (!/^https?:\/\//.test(baseUrl) || !URL.canParse(baseUrl))
    throw new UsageError(
      `${baseUrl} is not the URL of a service: pass one such as ${DEFAULT_BASE_URL} with --base-url, ` +
        'STYLEFORGE_BASE_URL or `styleforge login`',
    );
  const givenKey = flags.apiKey ?? environment.apiKey;
  const apiKey = givenKey ?? stored.api_key;
  return {
    output: new Output({ json: flags.json ?? false, color: process.stdout.isTTY && !environment.noColor }),
    environment,
    baseUrl,
    apiKey,
    givenKey,
    client() {
      if (apiKey === undefined) throw new UsageError('No API key: run `styleforge login`, set STYLEFORGE_API_KEY, or pass --api-key.');
      return new StyleForge({ apiKey, baseUrl });
    },
  };
}
