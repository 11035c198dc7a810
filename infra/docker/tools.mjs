// The entry of the tools image: `keys ...`, `base-models ...`, `migrate`, `doctor`, or any other word for the styleforge command line.
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const programs = {
  keys: 'apps/lab/src/keys/main.ts',
  'base-models': 'apps/lab/src/base-models/main.ts',
  backup: 'apps/lab/src/backup/main.ts',
  migrate: 'apps/api/src/migrate.ts',
  styleforge: 'apps/cli/src/main.ts',
};

const [word, ...rest] = process.argv.slice(2);
if (word === undefined || word === '--help') {
  process.stdout.write(`Programs of this image, each with --help of its own:

  keys create|list|revoke     API keys, directly in the database (DATABASE_URL)
  base-models add NAME SOURCE  a base model into BASE_MODELS_DIRECTORY
  backup create|verify|restore  the whole installation as a folder, and back
  migrate                      the newest database schema
  doctor                       what this installation lacks
  styleforge COMMAND           the command line of the service (STYLEFORGE_BASE_URL, STYLEFORGE_API_KEY)
`);
} else {
  const args = word in programs ? rest : [word, ...rest];
  const child = spawn(process.execPath, ['packages/launch/src/run.mjs', programs[word] ?? programs.styleforge, ...args], {
    cwd: root,
    stdio: 'inherit',
  });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code) => process.exit(code ?? 1));
}
