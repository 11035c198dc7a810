// Where the object store is: a folder, or a bucket of an S3 server.
import { resolve } from 'node:path';
import { ConfigError } from './config-error.ts';

/** Connection to S3, independent of the bucket. */
export interface S3Config {
  region: string;
  endpoint?: string;
  forcePathStyle: boolean;
  accessKeyId?: string;
  secretAccessKey?: string;
}

export type ObjectStoreConfig =
  | { kind: 'files'; directory: string }
  | ({
      kind: 's3';
      bucket: string;
      prefix?: string;
      /** Address at which callers reach the server, if it differs from `endpoint`; signed links use it. */
      publicEndpoint?: string;
      /** `redirect`: callers fetch files from the server by signed links; `stream`: through the API. */
      downloads?: 'redirect' | 'stream';
    } & S3Config);

/** The settings that determine the object store. */
interface StoreEnvironment {
  OBJECT_STORE_DIRECTORY?: string | undefined;
  S3_BUCKET?: string | undefined;
  S3_REGION: string;
  S3_ENDPOINT?: string | undefined;
  S3_FORCE_PATH_STYLE: boolean;
  S3_ACCESS_KEY_ID?: string | undefined;
  S3_SECRET_ACCESS_KEY?: string | undefined;
  S3_PREFIX?: string | undefined;
  S3_PUBLIC_ENDPOINT?: string | undefined;
  S3_DOWNLOADS: 'redirect' | 'stream';
}

export function objectStoreOf(settings: StoreEnvironment, dataDirectory: string): ObjectStoreConfig {
  if (!settings.S3_BUCKET) {
    return { kind: 'files', directory: resolve(settings.OBJECT_STORE_DIRECTORY ?? `${dataDirectory}/objects`) };
  }
  if (settings.OBJECT_STORE_DIRECTORY) {
    throw new ConfigError('OBJECT_STORE_DIRECTORY: cannot be combined with S3_BUCKET; set one of the two');
  }
  for (const name of ['S3_ENDPOINT', 'S3_PUBLIC_ENDPOINT'] as const) refuseBucketInAddress(name, settings);
  return {
    kind: 's3',
    bucket: settings.S3_BUCKET,
    ...s3Of(settings),
    ...(settings.S3_PREFIX && { prefix: settings.S3_PREFIX }),
    ...(settings.S3_PUBLIC_ENDPOINT && { publicEndpoint: settings.S3_PUBLIC_ENDPOINT }),
    downloads: settings.S3_DOWNLOADS,
  };
}

/** Refuses an address as providers show it, with the bucket in it, because requests would name the bucket twice. */
function refuseBucketInAddress(name: 'S3_ENDPOINT' | 'S3_PUBLIC_ENDPOINT', settings: StoreEnvironment): void {
  const { [name]: address, S3_BUCKET: bucket = '', S3_FORCE_PATH_STYLE: isInPath } = settings;
  if (!address) return;
  const { hostname, pathname } = new URL(address);
  const isInAddress = pathname.split('/').filter(Boolean).at(-1) === bucket || (!isInPath && hostname.startsWith(`${bucket}.`));
  if (isInAddress)
    throw new ConfigError(`${name}: contains the bucket ${bucket}, which requests add to it; remove the bucket from the address`);
}

export function s3Of(settings: StoreEnvironment): S3Config {
  if ((settings.S3_ACCESS_KEY_ID === undefined) !== (settings.S3_SECRET_ACCESS_KEY === undefined)) {
    const missing = settings.S3_ACCESS_KEY_ID === undefined ? 'S3_ACCESS_KEY_ID' : 'S3_SECRET_ACCESS_KEY';
    throw new ConfigError(`${missing}: the access key has two halves; set both, or neither to use the ambient credentials`);
  }
  return {
    region: settings.S3_REGION,
    forcePathStyle: settings.S3_FORCE_PATH_STYLE,
    ...(settings.S3_ENDPOINT && { endpoint: settings.S3_ENDPOINT }),
    ...(settings.S3_ACCESS_KEY_ID && { accessKeyId: settings.S3_ACCESS_KEY_ID }),
    ...(settings.S3_SECRET_ACCESS_KEY && { secretAccessKey: settings.S3_SECRET_ACCESS_KEY }),
  };
}
