// `styleforge keys`: manages the project's API keys; needs a key with the scope `admin`.
import { API_KEY_SCOPES } from '@styleforge/contracts';
import type { ApiKeyCreateParams } from '@styleforge/sdk';
import { Option } from 'commander';
import type { Command } from 'commander';
import { formatTime } from '../../terminal/output.ts';
import { addVerb, collect } from '../../verb.ts';

type CreateOptions = { scope?: ApiKeyCreateParams['scopes']; expires?: string };

export function addKeyCommands(program: Command): void {
  const keys = program.command('keys').description('Manage API keys; needs a key with the scope admin');
  addVerb(keys, {
    usage: 'create <name>',
    description: 'Create a key; it is shown only once',
    examples: [
      'styleforge keys create "nightly training" --scope read --scope write',
      'styleforge keys create guest --scope read --expires 2027-01-01T00:00:00Z',
    ],
    options: (command) =>
      void command
        .addOption(
          new Option(
            '--scope <scope>',
            `scope of the key, may be repeated: ${API_KEY_SCOPES.join(', ')}; default: read and write`,
          ).argParser(collect),
        )
        .option('--expires <time>', 'time at which the key expires, ISO 8601 in UTC; default: never'),
    async run({ client, output }, { scope, expires }: CreateOptions, name: string) {
      const key = await client().apiKeys.create({ name, ...(scope && { scopes: scope }), ...(expires && { expires_at: expires }) });
      output.result(key, () => {
        output.line(key.key);
        output.note(`${key.id}  ${key.scopes.join(', ')}. The key is shown only once; keep it.`);
      });
    },
  });
  addVerb(keys, {
    usage: 'list',
    description: 'List the keys of the project',
    examples: ['styleforge keys list'],
    async run({ client, output }) {
      const { data, has_more, next } = await client().apiKeys.list({ limit: 100 });
      const rows = data.map((key) => [
        key.id,
        key.name,
        `${key.hint}...`,
        key.scopes.join(','),
        formatTime(key.last_used_at),
        key.revoked_at ? 'revoked' : key.expires_at ? `expires ${key.expires_at.slice(0, 10)}` : 'valid',
      ]);
      output.result({ data, has_more, next }, () =>
        output.table(['ID', 'NAME', 'KEY', 'SCOPES', 'USED', 'STATE'], rows, 'There are no keys.'),
      );
    },
  });
  addVerb(keys, {
    usage: 'revoke <key-id>',
    description: 'Revoke a key at once',
    examples: ['styleforge keys revoke key_...'],
    async run({ client, output }, _options, id: string) {
      const key = await client().apiKeys.revoke(id);
      output.result(key, () => output.line(`${key.id} is revoked`));
    },
  });
}
