// Reads JSON bodies, and refuses what only looks like one: other types of text, compressed bodies, text that is not UTF-8.
import { isUtf8 } from 'node:buffer';
import { ApiError } from '../errors/api-error.ts';
import type { ApiServer } from '../http/api-server.ts';

export function registerBodyParser(app: ApiServer): void {
  const parseJson = app.getDefaultJsonParser('error', 'error');
  app.removeContentTypeParser(['application/json', 'text/plain']);
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    // Many clients name the type of a body that they don't send.
    if (body.length === 0) return done(null, undefined);
    if (!isUtf8(body)) return done(new ApiError('invalid_request', 'The body is no UTF-8 text.'));
    return parseJson(request, body.toString(), done);
  });
  app.addHook('preParsing', async (request) => {
    const encoding = request.headers['content-encoding'];
    if (encoding !== undefined && encoding !== 'identity') {
      throw new ApiError('unsupported_media_type', `Send the body as it is, without Content-Encoding: ${encoding}.`);
    }
  });
}
