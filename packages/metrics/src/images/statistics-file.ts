// File format for features of a set of images with their moments, with a checksum that is verified first.
import { createHash } from 'node:crypto';
import { features, type Features } from '../distances/features.ts';
import type { Moments } from '../distances/features.ts';

const magic = 'styleforge-features-1';
const hashBytes = 32;

interface Header {
  readonly magic: string;
  readonly key: string;
  readonly count: number;
  readonly dimension: number;
  readonly moments: boolean;
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array => new Uint8Array(buffer, byteOffset, byteLength);

const sha256 = (parts: readonly Uint8Array[]): Buffer => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();

/** Encodes features. `key` identifies their set; reading requires the same key. */
export function encodeStatistics(key: string, { data, count, dimension, moments }: Features): Uint8Array {
  const header: Header = { magic, key, count, dimension, moments: moments !== undefined };
  const json = Buffer.from(JSON.stringify(header).padEnd(248 + key.length));
  const line = Buffer.alloc(8 + Math.ceil(json.length / 8) * 8, ' ');
  line.writeBigUInt64LE(BigInt(line.length - 8));
  json.copy(line, 8);
  const parts = [line, ...(moments ? [bytesOf(moments.mean), bytesOf(moments.covariance.data)] : []), bytesOf(Float32Array.from(data))];
  return Buffer.concat([...parts, sha256(parts)]);
}

function parseHeader(bytes: Buffer, key: string): { header: Header; end: number } {
  if (bytes.length < 8 + hashBytes) throw new Error('the file is cut off');
  if (!sha256([bytes.subarray(0, -hashBytes)]).equals(bytes.subarray(-hashBytes))) throw new Error('the checksum does not fit the content');
  const end = 8 + Number(bytes.readBigUInt64LE());
  const header = JSON.parse(bytes.toString('utf8', 8, end)) as Header;
  if (header.magic !== magic || header.key !== key) throw new Error('the file belongs to other images or another extractor');
  return { header, end };
}

/** Decodes features. Throws for a file that is damaged or has another key. */
export function decodeStatistics(key: string, file: Uint8Array): Features {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  const {
    header: { count, dimension, moments: hasMoments },
    end,
  } = parseHeader(bytes, key);
  let position = end;
  const take = (length: number): ArrayBuffer => {
    const part = Uint8Array.prototype.slice.call(bytes, position, position + length);
    position += length;
    return part.buffer as ArrayBuffer;
  };
  const moments: Moments | undefined = hasMoments
    ? {
        count,
        mean: new Float64Array(take(8 * dimension)),
        covariance: { data: new Float64Array(take(8 * dimension ** 2)), rows: dimension, columns: dimension },
      }
    : undefined;
  const set = features(new Float32Array(take(4 * count * dimension)), dimension);
  return moments ? { ...set, moments } : set;
}
