// `npm run db:check`: fails if schema.prisma has changes that no migration contains.
import { readFile } from 'node:fs/promises';
import { diffSchemas } from '../migrations/diff-schemas.ts';
import { readMigratedSchema, schemaFile } from '../migrations/migration-files.ts';

const missing = await diffSchemas(await readMigratedSchema(), await readFile(schemaFile, 'utf8'));
if (missing !== '') {
  process.stderr.write(`schema.prisma has changes without a migration. Make one: npm run db:migration -- <name>\n\n${missing}\n`);
  process.exitCode = 1;
} else {
  process.stdout.write('Every change of schema.prisma has its migration.\n');
}
