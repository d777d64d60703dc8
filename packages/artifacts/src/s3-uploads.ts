import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListPartsCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { ArtifactError } from './artifact-error.ts';
import { checkKey } from './artifact-key.ts';
import type { ArtifactInfo, MultipartUploads, StoredPart, UploadRef } from './artifact-store.ts';
import { uploadGone } from './not-found.ts';
import { checkParts, partSize } from './part-plan.ts';
import type { S3Calls } from './s3-client.ts';
import type { Sign } from './s3-signer.ts';

interface UploadParts {
  readonly sign: Sign;
  existing(key: string): Promise<ArtifactInfo>;
}

/** Multipart uploads of S3. Which parts are there is asked of the bucket itself, never of whoever sent them. */
export function createS3Uploads(
  { client, bucket, ask }: S3Calls,
  { sign, existing }: UploadParts,
): MultipartUploads {
  const at = ({ key, uploadId }: UploadRef) => ({ Bucket: bucket, Key: checkKey(key), UploadId: uploadId });

  async function listParts(upload: UploadRef): Promise<readonly StoredPart[]> {
    const parts: StoredPart[] = [];
    let PartNumberMarker: string | undefined;
    do {
      const marker = PartNumberMarker === undefined ? {} : { PartNumberMarker };
      const page = await ask(client.send(new ListPartsCommand({ ...at(upload), ...marker })));
      if (!page) throw uploadGone();
      for (const { PartNumber = 0, Size = 0, ETag = '' } of page.Parts ?? [])
        parts.push({ partNumber: PartNumber, sizeBytes: Size, etag: ETag });
      PartNumberMarker = page.IsTruncated ? page.NextPartNumberMarker : undefined;
    } while (PartNumberMarker !== undefined);
    return parts;
  }

  return {
    listParts,
    async create(key, { mediaType }) {
      const command = new CreateMultipartUploadCommand({
        Bucket: bucket,
        Key: checkKey(key),
        ContentType: mediaType,
      });
      const { UploadId } = (await ask(client.send(command))) ?? {};
      if (UploadId === undefined)
        throw new ArtifactError('STORAGE_UNAVAILABLE', `the bucket ${bucket} began no upload`);
      return UploadId;
    },
    async presignPart(upload, partNumber, { expiresInMs }) {
      const ContentLength = partSize(upload, partNumber);
      const command = new UploadPartCommand({ ...at(upload), PartNumber: partNumber, ContentLength });
      return sign(command, { method: 'PUT', headers: {} }, expiresInMs);
    },
    async complete(upload) {
      const parts = await listParts(upload);
      checkParts(upload, parts);
      const Parts = parts.map(({ partNumber, etag }) => ({ PartNumber: partNumber, ETag: etag }));
      const done = await ask(
        client.send(new CompleteMultipartUploadCommand({ ...at(upload), MultipartUpload: { Parts } })),
      );
      if (!done) throw uploadGone();
      return existing(upload.key);
    },
    async abort(upload) {
      await ask(client.send(new AbortMultipartUploadCommand(at(upload))));
    },
  };
}
