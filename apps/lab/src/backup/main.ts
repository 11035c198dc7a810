// `npm run backup -- create|restore|verify FOLDER`: backs up the whole installation (database and objects) to a folder, and restores it.
import { ConfigError, loadConfig } from '@styleforge/config';
import { createObjectStore } from '@styleforge/storage';
import { readCommandLine, refuseCall } from '../command-line.ts';
import { openDatabaseUrl } from '../keys/open-database-url.ts';
import { optionalNumber } from '../options.ts';
import { createBackup, pruneBackups, restoreBackup, verifyBackup } from './backup.ts';

const PROGRAM = {
  usage: 'npm run backup -- create FOLDER | verify BACKUP | restore BACKUP',
  about: `Backs up and restores a whole installation: its database and its object store, as the settings name them.

  create FOLDER    writes a new backup into FOLDER; the service may run meanwhile
  verify BACKUP    checks a backup's files
  restore BACKUP   fills an empty database and an empty store, while the service is stopped`,
  allowPositionals: true,
  options: { keep: { type: 'string', help: 'after create: number of newest backups in FOLDER to keep; older ones are deleted' } },
} as const;

const { values, positionals } = readCommandLine(PROGRAM);
const [verb = '', folder, ...more] = positionals;
if (!['create', 'verify', 'restore'].includes(verb) || folder === undefined || more.length > 0)
  refuseCall(PROGRAM, 'name an action and a folder: create, verify or restore');

try {
  const keep = optionalNumber('keep', values.keep);
  if (verb === 'verify') await verify(folder);
  else await withInstallation(verb, folder, keep);
} catch (error) {
  if (error instanceof ConfigError) refuseCall(PROGRAM, error.message);
  console.error((error as Error).message);
  process.exitCode = 1;
}

async function verify(directory: string): Promise<void> {
  const { createdAt, tables, objects } = await verifyBackup(directory);
  console.log(`${directory}: complete, of ${createdAt}, ${tables.length} tables, ${objects.count} objects (${objects.bytes} bytes)`);
}

async function withInstallation(task: string, directory: string, keep: number | undefined): Promise<void> {
  const config = loadConfig();
  const { databaseUrl, close } = await openDatabaseUrl(config);
  try {
    const installation = { databaseUrl, store: await createObjectStore(config.objectStore) };
    if (task === 'restore') {
      const { createdAt, objects } = await restoreBackup(installation, directory);
      console.log(`restored the backup of ${createdAt}: ${objects.count} objects. Start the service; unfinished jobs continue`);
      return;
    }
    console.log(`wrote ${await createBackup(installation, directory)}`);
    if (keep !== undefined) for (const old of await pruneBackups(directory, keep)) console.log(`deleted ${old}`);
  } finally {
    await close();
  }
}
