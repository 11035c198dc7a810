// Translates an S3 server's refusals for the operator of the service.
import { ObjectStoreUnavailableError } from './object-store.ts';

const credentials = 'S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY: the S3 server refuses them; set the keys of a user of that server';
const region = 'S3_REGION: the bucket is in another region; set the region in which it was created';
const unreachable = 'S3_ENDPOINT: the S3 server cannot be reached; check the address, and that the server is running';
const unknownHost =
  'S3_ENDPOINT: there is no host of this name; check the address, and set S3_FORCE_PATH_STYLE=true if only a ' +
  'name with the bucket in front of it is unknown';
const certificate =
  "S3_ENDPOINT: the S3 server's certificate is not accepted; name the file of its authority in " +
  'NODE_EXTRA_CA_CERTS, or a host that the certificate is for; buckets with dots in their names need ' +
  'S3_FORCE_PATH_STYLE=true';
const noTls = 'S3_ENDPOINT: the S3 server does not use TLS at this address; write http:// in place of https://, or another port';

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
  RequestTimeTooSkewed: 'S3: the clocks of this machine and of the S3 server differ by more than 15 minutes; set them',
  ECONNREFUSED: unreachable,
  ENOTFOUND: unknownHost,
  EAI_AGAIN: unknownHost,
  DEPTH_ZERO_SELF_SIGNED_CERT: certificate,
  SELF_SIGNED_CERT_IN_CHAIN: certificate,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: certificate,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: certificate,
  CERT_HAS_EXPIRED: certificate,
  ERR_TLS_CERT_ALTNAME_INVALID: certificate,
  EPROTO: noTls,
  ERR_SSL_WRONG_VERSION_NUMBER: noTls,
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
