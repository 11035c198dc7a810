// Refuses text that no database column can hold: NUL characters and halves of surrogate pairs.
import type { FieldError } from '@styleforge/contracts';
import { ApiError } from '../errors/api-error.ts';
import { toPointer } from '../errors/request-validation.ts';
import type { ApiServer } from '../http/api-server.ts';
import { isStorableText } from '../http/storable-text.ts';

const DETAIL = 'must be well-formed Unicode text without NUL characters';

export function registerTextCheck(app: ApiServer): void {
  app.addHook('preValidation', async (request) => {
    const errors = [...findBadText(request.query, []), ...findBadText(request.body, [])];
    if (errors.length > 0) throw new ApiError('validation_failed', `${errors[0]?.pointer}: ${DETAIL}`, errors);
  });
}

function findBadText(value: unknown, path: string[]): FieldError[] {
  if (typeof value === 'string') return isStorableText(value) ? [] : [{ pointer: toPointer(path), detail: DETAIL }];
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, part]) => [
    ...(isStorableText(key) ? [] : [{ pointer: toPointer(path), detail: `its field names ${DETAIL}` }]),
    ...findBadText(part, [...path, key]),
  ]);
}
