// Creates the bucket of a new installation, for servers that do not come with one.
import { CreateBucketCommand, HeadBucketCommand, S3ServiceException } from '@aws-sdk/client-s3';
import type { ObjectStoreConfig } from '@styleforge/config';
import { clientOf } from './s3-object-store.ts';

/** Creates the bucket in S3_BUCKET unless it exists. Returns whether it was created. */
export async function createBucketIfAbsent(config: Extract<ObjectStoreConfig, { kind: 's3' }>): Promise<boolean> {
  const client = clientOf(config, config.endpoint);
  const target = { Bucket: config.bucket };
  try {
    await client.send(new HeadBucketCommand(target));
    return false;
  } catch (error) {
    if (!(error instanceof S3ServiceException) || error.$metadata.httpStatusCode !== 404) throw error;
    await client.send(new CreateBucketCommand(target));
    return true;
  } finally {
    client.destroy();
  }
}
