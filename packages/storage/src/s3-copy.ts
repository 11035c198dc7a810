// Copies an object within S3: in one request up to 5 GiB, and in parts above.
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  type S3Client,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';

interface Place {
  Bucket: string;
  Key: string;
}

export interface CopyPlan {
  source: Place;
  target: Place;
  size: number;
  contentType: string | undefined;
  /** Maximum bytes copied by one request; S3 allows 5 GiB. */
  partBytes?: number;
}

const LARGEST_COPY = 5 * 1024 ** 3;

export async function copyInS3(client: S3Client, plan: CopyPlan): Promise<void> {
  const { source, target, size, partBytes = LARGEST_COPY } = plan;
  const CopySource = `${source.Bucket}/${source.Key.split('/').map(encodeURIComponent).join('/')}`;
  if (size <= partBytes) await client.send(new CopyObjectCommand({ ...target, CopySource }));
  else await copyInParts(client, { ...plan, partBytes, CopySource });
}

type PartsPlan = CopyPlan & { partBytes: number; CopySource: string };

async function copyInParts(client: S3Client, { target, size, contentType, partBytes, CopySource }: PartsPlan): Promise<void> {
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ ...target, ContentType: contentType }));
  try {
    const Parts: { PartNumber: number; ETag: string | undefined }[] = [];
    for (let from = 0; from < size; from += partBytes) {
      const CopySourceRange = `bytes=${from}-${Math.min(size, from + partBytes) - 1}`;
      const part = { ...target, UploadId, CopySource, CopySourceRange, PartNumber: Parts.length + 1 };
      const { CopyPartResult } = await client.send(new UploadPartCopyCommand(part));
      Parts.push({ PartNumber: part.PartNumber, ETag: CopyPartResult?.ETag });
    }
    await client.send(new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts } }));
  } catch (error) {
    await client.send(new AbortMultipartUploadCommand({ ...target, UploadId }));
    throw error;
  }
}
