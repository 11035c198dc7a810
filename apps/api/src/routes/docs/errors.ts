// GET /docs/errors: meaning and remedy of every error code; the `type` of a problem links to it.
import { ERROR_CODES, ERRORS, FAILURES } from '@styleforge/contracts';
import type { ErrorCode } from '@styleforge/contracts';
import type { ApiServer } from '../../http/api-server.ts';

export function errorDocsRoute(app: ApiServer): void {
  const page = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>StyleForge error codes</title>
<style>:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}dt{margin-top:1.2rem}code{font-size:.95em}:target{background:light-dark(#fff3b0,#5a4a00)}</style></head>
<body><h1>Error codes</h1><p>Every error is an <code>application/problem+json</code> document (RFC 9457) with one of these in its field <code>code</code>.</p>
<dl>${ERROR_CODES.map(describe).join('')}</dl>
<h2>Why a job fails</h2><p>A job or a generation that ends as <code>failed</code> carries one of these in <code>error.code</code>.</p>
<dl>${Object.entries(FAILURES)
    .map(([code, remedy]) => entry(`failure-${code}`, `<code>${code}</code>`, remedy))
    .join('')}</dl></body></html>`;
  app.get('/docs/errors', { schema: { hide: true } }, async (_request, reply) => reply.type('text/html; charset=utf-8').send(page));
}

function describe(code: ErrorCode): string {
  const { status, title, remedy } = ERRORS[code];
  return entry(code, `<code>${code}</code> (${status}): ${title}`, remedy);
}

function entry(id: string, heading: string, remedy: string): string {
  return `<dt id="${id}">${heading}</dt><dd>${remedy.replaceAll(/`([^`]+)`/g, '<code>$1</code>')}</dd>`;
}
