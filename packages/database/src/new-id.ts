// New ids: the kind's prefix and a UUIDv7.
import { ID_PREFIXES } from '@styleforge/contracts';
import type { IdKind } from '@styleforge/contracts';
import { uuidv7 } from 'uuidv7';

/** `uuid` is given when the id was decided earlier, as for a request with an Idempotency-Key. */
export function newId(kind: IdKind, uuid: string = uuidv7()): string {
  return `${ID_PREFIXES[kind]}_${uuid}`;
}
