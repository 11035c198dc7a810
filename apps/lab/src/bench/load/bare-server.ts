// Minimal service for comparison: one Fastify route that reads a row of Postgres, and one that writes a row.
import { randomUUID } from 'node:crypto';
import { loadConfig } from '@styleforge/config';
import Fastify from 'fastify';
import pg from 'pg';

const { databaseUrl, host, port } = loadConfig();
const pool = new pg.Pool({ connectionString: databaseUrl, max: 10 });
await pool.query('create table if not exists bare_jobs (id text primary key, body jsonb not null)');

const app = Fastify();
app.get('/healthz', async () => ({ status: 'ok' }));
app.get<{ Params: { id: string } }>('/jobs/:id', async ({ params }) => {
  const { rows } = await pool.query<object>('select * from training_jobs where id = $1', [params.id]);
  return rows[0];
});
app.post('/jobs', async ({ body }, reply) => {
  const id = randomUUID();
  await pool.query('insert into bare_jobs (id, body) values ($1, $2)', [id, body]);
  return reply.code(202).send({ id });
});
await app.listen({ host, port });

process.once('SIGTERM', () => void app.close().then(() => pool.end()));
