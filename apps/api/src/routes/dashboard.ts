// GET /app: the web page (apps/dashboard) and its assets, from memory. Every path below /app without a file is a screen of the page.
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiError } from '../errors/api-error.ts';
import type { ApiServer } from '../http/api-server.ts';

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
};
const COMPRESSED = ['.html', '.js', '.css', '.json', '.svg', '.txt'];
const PAGE = 'index.html';
/** Folder of assets whose names contain a hash of their content. */
const ASSETS = 'assets/';

type Asset = { body: Buffer; gzip: Buffer | undefined; type: string };
export type DashboardOptions = {
  directory: string /** Further origins that images come from, such as a bucket's. */;
  imageOrigins: string[];
};

export async function dashboardRoute(app: ApiServer, { directory, imageOrigins }: DashboardOptions): Promise<void> {
  const assets = await readAssets(directory);
  const policy = contentSecurityPolicy(imageOrigins);
  const send = (request: FastifyRequest, reply: FastifyReply, path: string) => {
    const isScreen = extname(path) === '';
    const asset = assets.get(isScreen ? PAGE : path);
    if (!asset) {
      const detail =
        assets.size === 0
          ? 'The dashboard is not built. `npm start` builds it and starts the service.'
          : `There is nothing at /app/${path}.`;
      throw new ApiError('not_found', detail);
    }
    reply.type(asset.type).header('x-content-type-options', 'nosniff');
    reply.header('cache-control', path.startsWith(ASSETS) ? 'public, max-age=31536000, immutable' : 'no-cache');
    if (isScreen)
      reply.header('content-security-policy', policy).header('referrer-policy', 'same-origin').header('x-frame-options', 'DENY');
    if (!asset.gzip) return reply.send(asset.body);
    reply.header('vary', [reply.getHeader('vary'), 'accept-encoding'].filter(Boolean).join(', '));
    const takesGzip = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
    return takesGzip ? reply.header('content-encoding', 'gzip').send(asset.gzip) : reply.send(asset.body);
  };
  const schema = { hide: true };
  app.get('/app', { schema }, (request, reply) => send(request, reply, ''));
  app.get('/app/*', { schema }, (request, reply) => send(request, reply, (request.params as { '*': string })['*']));
}

async function readAssets(directory: string): Promise<Map<string, Asset>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const assets = new Map<string, Asset>();
  for (const entry of entries.filter((item) => item.isFile())) {
    const path = join(entry.parentPath, entry.name);
    const body = await readFile(path);
    const extension = extname(path);
    const gzip = COMPRESSED.includes(extension) ? gzipSync(body) : undefined;
    assets.set(relative(directory, path).split(sep).join('/'), { body, gzip, type: TYPES[extension] ?? 'application/octet-stream' });
  }
  return assets;
}

function contentSecurityPolicy(imageOrigins: string[]): string {
  const origins = imageOrigins.map((origin) => ` ${origin}`).join('');
  return [
    "default-src 'self'",
    `img-src 'self' blob: data:${origins}`,
    `connect-src 'self'${origins}`,
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');
}
