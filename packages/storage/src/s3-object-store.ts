// Stores objects in an S3 bucket; the only user of the AWS SDK.
import { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import type { ObjectStoreConfig } from '@styleforge/config';
import { copyInS3 } from './s3-copy.ts';
import { HashingStream, readableOf } from './hashing.ts';
import { asUnavailable } from './s3-errors.ts';
import { bytesWithin, isNotImplemented, tolerateQuirks } from './s3-quirks.ts';
import {
  type ByteRange,
  checkKey,
  checkPrefix,
  contentTypeOf,
  InvalidKeyError,
  InvalidRangeError,
  type ListedObject,
  type ObjectBody,
  ObjectNotFoundError,
  type ObjectStore,
} from './object-store.ts';

const partSize = 8 << 20;
const deleteBatch = 1_000;

export type S3Config = Extract<ObjectStoreConfig, { kind: 's3' }>;

export class S3ObjectStore implements ObjectStore {
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #prefix: string;
  readonly presignGet?: NonNullable<ObjectStore['presignGet']>;
  readonly presignPut?: NonNullable<ObjectStore['presignPut']>;

  constructor(config: S3Config) {
    this.#client = clientOf(config, config.endpoint);
    this.#bucket = config.bucket;
    this.#prefix = config.prefix ? `${config.prefix.replace(/^\/+|\/+$/g, '')}/` : '';
    if (config.downloads === 'stream') return;
    const signer = clientOf(config, config.publicEndpoint ?? config.endpoint, LINKS);
    this.presignPut = (key, seconds) => getSignedUrl(signer, new PutObjectCommand(this.#target(key)), { expiresIn: seconds });
    this.presignGet = (key, seconds, { fileName, contentType } = {}) =>
      getSignedUrl(
        signer,
        new GetObjectCommand({
          ...this.#target(key),
          ...(fileName && { ResponseContentDisposition: `inline; filename="${fileName}"` }),
          ...(contentType && { ResponseContentType: contentType }),
        }),
        { expiresIn: seconds },
      );
  }

  async put(key: string, body: ObjectBody, options: { contentType?: string } = {}): Promise<{ size: number; sha256: string }> {
    const target = this.#target(key);
    const hashing = new HashingStream();
    const source = readableOf(body);
    source.on('error', (error) => hashing.destroy(error));
    const upload = new Upload({
      client: this.#client,
      partSize,
      // The server checks every part against its SHA-256.
      params: {
        ...target,
        Body: source.pipe(hashing),
        ContentType: options.contentType ?? contentTypeOf(key),
        ChecksumAlgorithm: 'SHA256',
      },
    });
    await upload.done().catch(asKnownError(key));
    return hashing.result();
  }

  async get(key: string): Promise<Uint8Array> {
    const { body } = await this.getStream(key);
    return Buffer.concat((await body.toArray()) as Buffer[]);
  }

  async getStream(key: string, range?: ByteRange) {
    const found = await this.#client
      .send(new GetObjectCommand({ ...this.#target(key), ...(range && { Range: `bytes=${range.start}-${range.end ?? ''}` }) }))
      .catch(asKnownError(key));
    const size = found.ContentRange ? Number(found.ContentRange.split('/')[1]) : (found.ContentLength ?? 0);
    const content = { size, ...(found.ContentType && { contentType: found.ContentType }) };
    const body = found.Body as Readable;
    // Some servers and caches send the whole object instead of a range.
    if (range === undefined || found.ContentRange !== undefined) return { body, ...content };
    if (range.start < size) return { body: Readable.from(bytesWithin(body, range)), ...content };
    body.destroy();
    throw new InvalidRangeError(`${key} has ${size} bytes and none at ${range.start}`);
  }

  async head(key: string) {
    try {
      const found = await this.#client.send(new HeadObjectCommand(this.#target(key))).catch(asKnownError(key));
      return { size: found.ContentLength ?? 0, ...(found.ContentType && { contentType: found.ContentType }) };
    } catch (error) {
      if (error instanceof ObjectNotFoundError) return null;
      throw error;
    }
  }

  async *list(prefix: string): AsyncGenerator<ListedObject> {
    checkPrefix(prefix);
    let next: { ContinuationToken?: string; StartAfter?: string } | undefined = {};
    do {
      const page = await this.#client
        .send(
          new ListObjectsV2Command({
            Bucket: this.#bucket,
            Prefix: this.#prefix + prefix,
            ...next,
          }),
        )
        .catch(asKnownError(prefix));
      for (const { Key = '', Size = 0, LastModified = new Date() } of page.Contents ?? [])
        yield { key: Key.slice(this.#prefix.length), size: Size, modifiedAt: LastModified };
      next = afterPage(page);
    } while (next);
  }

  async delete(key: string): Promise<void> {
    await this.#client.send(new DeleteObjectCommand(this.#target(key))).catch(asKnownError(key));
  }

  async move(from: string, to: string): Promise<void> {
    const { size, contentType } = (await this.head(from)) ?? {};
    if (size === undefined) throw new ObjectNotFoundError(from);
    const [source, target] = [this.#target(from), this.#target(to)];
    await copyInS3(this.#client, { source, target, size, contentType }).catch(asKnownError(from));
    await this.delete(from);
  }

  async deletePrefix(prefix: string): Promise<void> {
    if (prefix === '') throw new InvalidKeyError('deletePrefix requires a prefix: an empty one would delete everything');
    const keys: string[] = [];
    for await (const { key } of this.list(prefix)) keys.push(this.#prefix + key);
    for (let from = 0; from < keys.length; from += deleteBatch) {
      await this.#deleteMany(keys.slice(from, from + deleteBatch)).catch(asKnownError(prefix));
    }
  }

  async #deleteMany(keys: string[]): Promise<void> {
    const Objects = keys.map((Key) => ({ Key }));
    try {
      const { Errors = [] } = await this.#client.send(new DeleteObjectsCommand({ Bucket: this.#bucket, Delete: { Objects, Quiet: true } }));
      if (Errors[0]) throw new Error(`S3 did not delete ${Errors[0].Key}: ${Errors[0].Message}`);
    } catch (error) {
      if (!isNotImplemented(error)) throw error;
      for (const Key of keys) await this.#client.send(new DeleteObjectCommand({ Bucket: this.#bucket, Key }));
    }
  }

  /** Removes unfinished uploads, whose parts cost money and are not listed. */
  async removeUnfinished(olderThanMs: number): Promise<number> {
    const { Uploads = [] } = await this.#client
      .send(new ListMultipartUploadsCommand({ Bucket: this.#bucket, Prefix: this.#prefix }))
      .catch(asKnownError(this.#prefix));
    const abandoned = Uploads.filter(({ Initiated }) => Initiated !== undefined && Date.now() - Initiated.getTime() > olderThanMs);
    for (const { Key, UploadId } of abandoned)
      await this.#client.send(new AbortMultipartUploadCommand({ Bucket: this.#bucket, Key, UploadId }));
    return abandoned.length;
  }

  #target(key: string): { Bucket: string; Key: string } {
    checkKey(key);
    return { Bucket: this.#bucket, Key: this.#prefix + key };
  }
}

/** A link is signed before its file exists, so that a checksum in it would be that of an empty file, which servers compare. */
const LINKS: S3ClientConfig = { requestChecksumCalculation: 'WHEN_REQUIRED', responseChecksumValidation: 'WHEN_REQUIRED' };

export function clientOf(
  { region, forcePathStyle, accessKeyId, secretAccessKey }: S3Config,
  endpoint: string | undefined,
  more: S3ClientConfig = {},
): S3Client {
  return tolerateQuirks(
    new S3Client({
      ...more,
      region,
      forcePathStyle,
      ...(endpoint && { endpoint }),
      ...(accessKeyId && secretAccessKey && { credentials: { accessKeyId, secretAccessKey } }),
    }),
  );
}

/** Start of the next page; undefined after the last one. Some servers announce more objects without a token. */
function afterPage({ IsTruncated, NextContinuationToken, Contents = [] }: ListObjectsV2CommandOutput) {
  if (NextContinuationToken) return { ContinuationToken: NextContinuationToken };
  const last = Contents.at(-1)?.Key;
  return IsTruncated && last !== undefined ? { StartAfter: last } : undefined;
}

function asKnownError(key: string): (error: unknown) => never {
  return (error) => {
    if (error instanceof S3ServiceException) {
      if (error.name === 'NoSuchKey' || error.name === 'NotFound') throw new ObjectNotFoundError(key);
      if (error.name === 'InvalidRange') throw new InvalidRangeError(`${key}: ${error.message}`);
    }
    throw asUnavailable(error) ?? error;
  };
}
