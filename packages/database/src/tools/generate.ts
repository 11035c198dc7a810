// `npm run db:generate`: generates the Prisma client from schema.prisma if it is not up to date. Needs no network.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const schema = path.join(root, 'prisma/schema.prisma');
const generated = path.join(root, 'packages/database/src/generated');
const stamp = path.join(generated, '.made-from');

const prismaPackage = createRequire(path.join(root, 'package.json')).resolve('prisma/package.json');
const { version } = JSON.parse(readFileSync(prismaPackage, 'utf8')) as { version: string };
const madeFrom = createHash('sha256').update(version).update(readFileSync(schema)).digest('hex');

if (existsSync(stamp) && readFileSync(stamp, 'utf8') === madeFrom) {
  // Marks the client as checked, for build tools that compare times.
  utimesSync(path.join(generated, 'client.ts'), new Date(), new Date());
} else {
  generateClient();
  writeFileSync(stamp, madeFrom);
}

function generateClient(): void {
  const command = path.join(path.dirname(prismaPackage), 'build/index.js');
  // Generating a client never starts the schema engine, but downloads it if it is missing. Any executable prevents that.
  const env = { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, CHECKPOINT_DISABLE: '1', PRISMA_HIDE_UPDATE_MESSAGE: '1' };
  execFileSync(process.execPath, [command, 'generate', '--schema', schema], { cwd: root, env, stdio: ['ignore', 'ignore', 'inherit'] });
}
