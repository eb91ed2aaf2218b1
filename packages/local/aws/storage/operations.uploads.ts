/** S3 operations on multipart uploads: parts are bodies of their own until they are joined. */
import { createHash, type Hash } from 'node:crypto';
import type { AwsAnswer } from '../endpoint.ts';
import { AwsError } from '../service.ts';
import { type Algorithm, algorithms, startChecksum } from './checksum.ts';
import { mustBeWritable } from './conditions.ts';
import { checksumHeaders, encryptionHeaders, readBody, readDescription, versionHeader } from './description.ts';
import {
  addVersion,
  bucketOf,
  current,
  document,
  done,
  type Ground,
  isoTime,
  malformed,
  nextId,
  readDocument,
  type StorageOperation,
} from './ground.ts';
import { mustBeKey } from './operations.objects.ts';
import type { StorageRequest } from './request.ts';
import type { Part, StoredChecksum, Upload } from './version.ts';
import { childrenOf, textAt } from './xml.ts';

/** Every part but the last. */
const minPartBytes = 5 * 1024 * 1024;
const maxParts = 10_000;

export const uploadOperations: Readonly<Record<string, StorageOperation>> = {
  CreateMultipartUpload(request, ground) {
    const bucket = bucketOf(request, ground);
    mustBeKey(request.key);
    const at = ground.clock.now();
    const description = readDescription(request, bucket, at);
    const algorithm = algorithms.find((one) => one === request.headers['x-amz-checksum-algorithm']);
    const type = request.headers['x-amz-checksum-type'];
    const checksumType = type === 'FULL_OBJECT' || algorithm === 'CRC64NVME' ? 'FULL_OBJECT' : 'COMPOSITE';
    const id = ground.newId();
    ground.catalogue.keepUpload({
      id,
      bucket: bucket.name,
      key: request.key,
      at,
      description,
      ...(algorithm && { algorithm, checksumType }),
      parts: {},
    });
    const headers = {
      ...encryptionHeaders(description.encryption),
      ...(algorithm && { 'x-amz-checksum-algorithm': algorithm, 'x-amz-checksum-type': checksumType }),
    };
    return document('InitiateMultipartUploadResult', { Bucket: bucket.name, Key: request.key, UploadId: id }, headers);
  },
  UploadPart: uploadPart,
  CompleteMultipartUpload: complete,
  AbortMultipartUpload(request, ground) {
    const { id, parts } = uploadOf(request, ground);
    ground.catalogue.dropUpload(id);
    for (const { body } of Object.values(parts)) ground.bodies.remove(body);
    return done(204);
  },
  ListParts(request, ground) {
    const upload = uploadOf(request, ground);
    const after = Number(request.query.get('part-number-marker') ?? 0);
    const max = Math.min(Number(request.query.get('max-parts') ?? 1000), 1000);
    const all = partsOf(upload).filter(({ number }) => number > after);
    const page = all.slice(0, max);
    return document('ListPartsResult', {
      Bucket: upload.bucket,
      Key: upload.key,
      UploadId: upload.id,
      PartNumberMarker: after,
      NextPartNumberMarker: page.at(-1)?.number,
      MaxParts: max,
      IsTruncated: page.length < all.length,
      Part: page.map(({ number, part }) => ({
        PartNumber: number,
        LastModified: isoTime(part.at),
        ETag: `"${part.etag}"`,
        Size: part.size,
        ...(upload.algorithm && { [`Checksum${upload.algorithm}`]: part.checksum }),
      })),
      StorageClass: upload.description.storageClass ?? 'STANDARD',
    });
  },
  ListMultipartUploads(request, ground) {
    const { name } = bucketOf(request, ground);
    const prefix = request.query.get('prefix') ?? '';
    const uploads = ground.catalogue.uploads().filter(({ bucket, key }) => bucket === name && key.startsWith(prefix));
    const sorted = uploads.sort((a, b) => (a.key === b.key ? a.at - b.at : a.key < b.key ? -1 : 1));
    return document('ListMultipartUploadsResult', {
      Bucket: name,
      Prefix: prefix,
      MaxUploads: 1000,
      IsTruncated: false,
      Upload: sorted.map(({ key, id, at, description }) => ({
        Key: key,
        UploadId: id,
        StorageClass: description.storageClass ?? 'STANDARD',
        Initiated: isoTime(at),
      })),
    });
  },
};

async function uploadPart(request: StorageRequest, ground: Ground): Promise<AwsAnswer> {
  const { id } = uploadOf(request, ground);
  const number = Number(request.query.get('partNumber'));
  if (!Number.isInteger(number) || number < 1 || number > maxParts)
    throw new AwsError('InvalidArgument', `Part number must be an integer between 1 and ${maxParts}, inclusive`);
  const { bytes, checksum } = readBody(request);
  const body = await ground.bodies.write(bytes);
  const etag = createHash('md5').update(bytes).digest('hex');
  // Other parts may have come while this one was written.
  const upload = uploadOf(request, ground);
  const replaced = upload.parts[number];
  const part: Part = { size: bytes.length, etag, body, at: ground.clock.now(), ...(checksum && { checksum: checksum.value }) };
  ground.catalogue.keepUpload({ ...upload, id, parts: { ...upload.parts, [number]: part } });
  if (replaced) ground.bodies.remove(replaced.body);
  return done(200, { etag: `"${etag}"`, ...(checksum && checksumHeaders(checksum)) });
}

async function complete(request: StorageRequest, ground: Ground): Promise<AwsAnswer> {
  const bucket = bucketOf(request, ground);
  const upload = uploadOf(request, ground);
  const chosen = chosenParts(request, upload);
  const { algorithm, checksumType } = upload;
  const whole = algorithm && checksumType === 'FULL_OBJECT' ? startChecksum(algorithm) : undefined;
  const body = await ground.bodies.join(
    chosen.map((part) => part.body),
    (bytes) => whole?.update(bytes),
  );
  try {
    uploadOf(request, ground);
    mustBeWritable(request.headers, current(bucket.name, request.key, ground));
    const checksum: StoredChecksum | undefined = whole
      ? { algorithm: algorithm ?? 'CRC32', value: whole.digest(), type: 'FULL_OBJECT' }
      : composite(algorithm, chosen);
    const md5 = chosen.reduce<Hash>((hash, { etag }) => hash.update(Buffer.from(etag, 'hex')), createHash('md5')).digest('hex');
    const content = {
      ...upload.description,
      size: chosen.reduce((sum, { size }) => sum + size, 0),
      etag: `${md5}-${chosen.length}`,
      body,
      parts: chosen.map(({ size }) => size),
      ...(checksum && { checksum }),
    };
    const version = { key: upload.key, id: nextId(bucket, ground), at: ground.clock.now(), content };
    addVersion(bucket, version, ground, upload.id);
    for (const part of Object.values(upload.parts)) ground.bodies.remove(part.body);
    return document(
      'CompleteMultipartUploadResult',
      {
        Location: `/${bucket.name}/${upload.key}`,
        Bucket: bucket.name,
        Key: upload.key,
        ETag: `"${content.etag}"`,
        ...(checksum && { [`Checksum${checksum.algorithm}`]: checksum.value, ChecksumType: checksum.type }),
      },
      { ...versionHeader(bucket, version), ...encryptionHeaders(content.encryption) },
    );
  } catch (error) {
    ground.bodies.remove(body);
    throw error;
  }
}

/** Throws MalformedXML, InvalidPartOrder, InvalidPart, EntityTooSmall. */
function chosenParts(request: StorageRequest, { parts }: Upload): Part[] {
  const named = childrenOf(readDocument(request, 'CompleteMultipartUpload'), 'Part').map((part) => ({
    number: Number(textAt(part, 'PartNumber')),
    etag: (textAt(part, 'ETag') ?? '').replace(/^"|"$/g, ''),
  }));
  if (named.length === 0) throw malformed();
  if (named.some(({ number }, index) => number <= (named[index - 1]?.number ?? 0)))
    throw new AwsError('InvalidPartOrder', 'The list of parts was not in ascending order. Parts must be ordered by part number.');
  const chosen = named.map(({ number, etag }) => {
    const part = parts[number];
    if (!part || part.etag !== etag)
      throw new AwsError(
        'InvalidPart',
        "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
      );
    return part;
  });
  if (chosen.slice(0, -1).some(({ size }) => size < minPartBytes))
    throw new AwsError('EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size');
  return chosen;
}

/** The checksum of the parts' checksums, when every part has one. */
function composite(algorithm: Algorithm | undefined, parts: readonly Part[]): StoredChecksum | undefined {
  if (!algorithm || parts.some(({ checksum }) => checksum === undefined)) return undefined;
  const sum = startChecksum(algorithm);
  for (const { checksum = '' } of parts) sum.update(Buffer.from(checksum, 'base64'));
  return { algorithm, value: `${sum.digest()}-${parts.length}`, type: 'COMPOSITE' };
}

function uploadOf(request: StorageRequest, ground: Ground): Upload {
  bucketOf(request, ground);
  const upload = ground.catalogue.upload(request.query.get('uploadId') ?? '');
  if (upload && upload.bucket === request.bucket && upload.key === request.key) return upload;
  throw new AwsError(
    'NoSuchUpload',
    'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
    { status: 404 },
  );
}

function partsOf({ parts }: Upload): { number: number; part: Part }[] {
  return Object.entries(parts)
    .map(([number, part]) => ({ number: Number(number), part }))
    .sort((a, b) => a.number - b.number);
}
