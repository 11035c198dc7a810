// Translates an S3 server's refusals for the operator of the service.
import { ObjectStoreUnavailableError } from './object-store.ts';

const credentials = 'S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY: the S3 server refuses them; set the keys of a user of that server';
const region = 'S3_REGION: the bucket is in another region; set the region in which it was created';
const unreachable = 'S3_ENDPOINT: the S3 server cannot be reached; check the address, and that the server is running';

/** Messages by the error's name or code. */
const MEANINGS: Record<string, string> = {
  NoSuchBucket: 'S3_BUCKET: there is no such bucket; create it, or name an existing one',
  InvalidAccessKeyId: credentials,
  // Versity's gateway
  XAdminUserNotFound: credentials,
  SignatureDoesNotMatch: credentials,
  InvalidToken: credentials,
  ExpiredToken: credentials,
  CredentialsProviderError: 'S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY: not set, and the environment has no other credentials; set both',
  AccessDenied: "S3_ACCESS_KEY_ID: its owner may not use the bucket; allow it to get, put, delete and list the bucket's objects",
  AuthorizationHeaderMalformed: region,
  PermanentRedirect: region,
  IllegalLocationConstraintException: region,
  ECONNREFUSED: unreachable,
  ENOTFOUND: unreachable,
  EAI_AGAIN: unreachable,
  EHOSTUNREACH: unreachable,
  ETIMEDOUT: unreachable,
};

/** Undefined for errors that are not caused by settings. */
export function asUnavailable(error: unknown): ObjectStoreUnavailableError | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code = '' } = error as NodeJS.ErrnoException;
  const meaning = MEANINGS[error.name] ?? MEANINGS[code];
  return meaning === undefined ? undefined : new ObjectStoreUnavailableError(meaning, { cause: error });
}
