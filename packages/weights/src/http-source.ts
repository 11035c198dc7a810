// The bytes of a URL from any place on, for downloads.
import { DownloadRefusedError, type ByteStream } from './resumable-download.ts';

/** Asking again may help. */
const isPassing = (status: number): boolean => status === 408 || status === 429 || status >= 500;

export async function refuseUnless(answer: Response, url: string): Promise<void> {
  if (answer.ok) return;
  await answer.body?.cancel();
  const remedy = answer.status === 401 || answer.status === 403 ? ': it needs a token that may read it (HUB_TOKEN)' : '';
  const message = `${url} answered ${answer.status}${remedy}`;
  throw isPassing(answer.status) ? new Error(message) : new DownloadRefusedError(message);
}

/** The place and the size that a 206 tells of. */
function contentRange(answer: Response): { start: number; total?: number } {
  const [, start, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(answer.headers.get('content-range') ?? '') ?? [];
  if (start === undefined) throw new Error('a partial answer that does not say which part it is');
  return { start: Number(start), ...(total !== '*' && { total: Number(total) }) };
}

/** A sender that knows no ranges begins at 0. */
export async function openUrl(url: string, start: number, headers: Record<string, string>, signal: AbortSignal | undefined): Promise<ByteStream> {
  const answer = await fetch(url, { headers: { ...headers, ...(start > 0 && { range: `bytes=${start}-` }) }, ...(signal && { signal }) });
  // Nothing lies behind the last byte: begin anew, the check of the bytes decides.
  if (answer.status === 416 && start > 0) {
    await answer.body?.cancel();
    return openUrl(url, 0, headers, signal);
  }
  await refuseUnless(answer, url);
  if (answer.body === null) throw new Error(`${url} answered without a body`);
  if (answer.status === 206) return { ...contentRange(answer), body: answer.body };
  const length = answer.headers.get('content-encoding') === null ? answer.headers.get('content-length') : null;
  return { start: 0, ...(length !== null && { total: Number(length) }), body: answer.body };
}
