// GET /docs/errors: what every error code means and what helps; the `type` of a problem leads here.
import { ERROR_CODES, ERRORS } from '@styleforge/contracts';
import type { ErrorCode } from '@styleforge/contracts';
import type { ApiServer } from '../../http/api-server.ts';

export function errorDocsRoute(app: ApiServer): void {
  const page = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>StyleForge error codes</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}dt{margin-top:1.2rem}code{font-size:.95em}:target{background:#fff3b0}</style></head>
<body><h1>Error codes</h1><p>Every error is an <code>application/problem+json</code> document (RFC 9457) with one of these in its field <code>code</code>.</p>
<dl>${ERROR_CODES.map(describe).join('')}</dl></body></html>`;
  app.get('/docs/errors', { schema: { hide: true } }, async (_request, reply) => reply.type('text/html; charset=utf-8').send(page));
}

function describe(code: ErrorCode): string {
  const { status, title, remedy } = ERRORS[code];
  const text = remedy.replaceAll(/`([^`]+)`/g, '<code>$1</code>');
  return `<dt id="${code}"><code>${code}</code> (${status}): ${title}</dt><dd>${text}</dd>`;
}
