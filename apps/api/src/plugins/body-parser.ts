// Parses JSON bodies, and refuses other content types, compressed bodies and text that is not UTF-8.
import { isUtf8 } from 'node:buffer';
import { ApiError } from '../errors/api-error.ts';
import type { ApiServer } from '../http/api-server.ts';
import { hasBody } from '../http/has-body.ts';
import { limitExceededBy } from '../http/json-shape.ts';

/** Far above what any request needs. Limited because validation, defaults and hashes visit every value of a body. */
const JSON_LIMITS = { levels: 64, values: 20_000 };
const OVER_LIMIT = {
  levels: `The body is nested deeper than ${JSON_LIMITS.levels} levels.`,
  values: `The body has more than ${JSON_LIMITS.values} values, more than any request may have. Send shorter lists.`,
};

export function registerBodyParser(app: ApiServer): void {
  const parseJson = app.getDefaultJsonParser('error', 'error');
  app.removeContentTypeParser(['application/json', 'text/plain']);
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    // Many clients send a Content-Type without a body.
    if (body.length === 0) return done(null, undefined);
    if (!isUtf8(body)) return done(new ApiError('invalid_request', 'The body is not UTF-8 text. Encode it as UTF-8.'));
    const exceeded = limitExceededBy(body, JSON_LIMITS);
    if (exceeded !== null) return done(new ApiError('invalid_request', OVER_LIMIT[exceeded]));
    const text = body.toString();
    return parseJson(request, text, (error, value?: unknown) => {
      if (error !== null) return done(new ApiError('invalid_request', `The body ${faultOf(text)}.`));
      if (value === null) return done(new ApiError('invalid_request', 'The body is null: send a JSON object, or no body.'));
      return done(null, value);
    });
  });
  // Some clients, such as curl -d '' and aiohttp, send their default Content-Type without a body.
  app.addContentTypeParser('*', (request, _payload, done) =>
    done(hasBody(request) ? Object.assign(new Error('unsupported media type'), { statusCode: 415 }) : null, undefined),
  );
  app.addHook('preParsing', async (request) => {
    const encoding = request.headers['content-encoding'];
    if (encoding !== undefined && encoding !== 'identity') {
      throw new ApiError('unsupported_media_type', `Send the body as it is, without Content-Encoding: ${encoding}.`);
    }
  });
}

/** Fault of a refused body: the position of invalid JSON, or a field that would change the prototype of objects. */
function faultOf(text: string): string {
  try {
    JSON.parse(text);
    return 'has a field named __proto__ or constructor, which no request may have';
  } catch (error) {
    return `is not valid JSON: ${(error as Error).message}`;
  }
}
