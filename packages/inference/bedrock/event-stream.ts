/**
 * Frames of application/vnd.amazon.eventstream, read from bytes as they arrive and written. Every length is checked before it is believed, and both
 * checksums are; a payload is never interpreted.
 * Format: big-endian total length, headers length, CRC-32 of both; headers; payload; CRC-32 of all before it (AWS SDKs, "Amazon Event Stream").
 */
import { crc32 } from 'node:zlib';

export interface StreamFrame {
  /** Those of type string; others are passed over. */
  headers: ReadonlyMap<string, string>;
  /** Views the bytes it came in. */
  payload: Buffer;
}

export interface FrameScanner {
  /** The frames that this chunk completes, in order. Throws `BadFrame` on what cannot be one; nothing can be read after that. */
  push(chunk: Uint8Array): StreamFrame[];
  /** Whether the bytes so far end between two frames. */
  isBetweenFrames(): boolean;
}

export class BadFrame extends Error {
  override name = 'BadFrame';
}

const preludeBytes = 12;
const checksumBytes = 4;
/** AWS's own bound on a message. */
const largestFrame = 24 * 1024 * 1024;
/** AWS's own bound on the headers of one. */
const largestHeaders = 128 * 1024;

export function createFrameScanner(maxFrameBytes: number = largestFrame): FrameScanner {
  let pieces: Buffer[] = [];
  let held = 0;
  /** How many bytes it takes to go on. */
  let needed = preludeBytes;

  function push(chunk: Uint8Array): StreamFrame[] {
    if (chunk.byteLength === 0) return [];
    pieces.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    held += chunk.byteLength;
    if (held < needed) return [];
    let bytes = pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces);
    const frames: StreamFrame[] = [];
    while (true) {
      needed = bytes.length < preludeBytes ? preludeBytes : frameLength(bytes, maxFrameBytes);
      if (bytes.length < needed) break;
      frames.push(readFrame(bytes.subarray(0, needed)));
      bytes = bytes.subarray(needed);
    }
    pieces = bytes.length === 0 ? [] : [bytes];
    held = bytes.length;
    return frames;
  }
  return { push, isBetweenFrames: () => held === 0 };
}

/** Believes the length only when its checksum holds. */
function frameLength(bytes: Buffer, maxFrameBytes: number): number {
  const total = bytes.readUInt32BE(0);
  const headers = bytes.readUInt32BE(4);
  if (crc32(bytes.subarray(0, 8)) !== bytes.readUInt32BE(8))
    throw new BadFrame('The checksum of the prelude does not hold: this is no event stream');
  if (total > maxFrameBytes) throw new BadFrame(`A frame of ${total} bytes is longer than the ${maxFrameBytes} that are read`);
  if (headers > largestHeaders || total < preludeBytes + headers + checksumBytes)
    throw new BadFrame(`A frame of ${total} bytes cannot hold ${headers} bytes of headers`);
  return total;
}

function readFrame(frame: Buffer): StreamFrame {
  const end = frame.length - checksumBytes;
  if (crc32(frame.subarray(0, end)) !== frame.readUInt32BE(end)) throw new BadFrame('The checksum of a frame does not hold');
  const payloadAt = preludeBytes + frame.readUInt32BE(4);
  return { headers: readHeaders(frame.subarray(preludeBytes, payloadAt)), payload: frame.subarray(payloadAt, end) };
}

/** Bytes of each header type's value; undefined: two bytes say it. */
const valueBytes: readonly (number | undefined)[] = [0, 0, 1, 2, 4, 8, undefined, undefined, 8, 16];
const stringType = 7;

function readHeaders(bytes: Buffer): Map<string, string> {
  const headers = new Map<string, string>();
  let at = 0;
  const take = (length: number): Buffer => {
    if (at + length > bytes.length) throw new BadFrame('A header ends outside of the headers');
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const name = take(take(1).readUInt8()).toString('utf8');
    const type = take(1).readUInt8();
    if (type >= valueBytes.length) throw new BadFrame(`A header has the unknown type ${type}`);
    const value = take(valueBytes[type] ?? take(2).readUInt16BE());
    if (type === stringType) headers.set(name, value.toString('utf8'));
  }
  return headers;
}

/** @param headers of at most 255 bytes of name and 65,535 of value each. */
export function writeFrame(headers: Readonly<Record<string, string>>, payload: Uint8Array): Buffer {
  const head = Buffer.concat(Object.entries(headers).map(([name, value]) => headerBytes(Buffer.from(name), Buffer.from(value))));
  const frame = Buffer.alloc(preludeBytes + head.length + payload.length + checksumBytes);
  frame.writeUInt32BE(frame.length, 0);
  frame.writeUInt32BE(head.length, 4);
  frame.writeUInt32BE(crc32(frame.subarray(0, 8)), 8);
  head.copy(frame, preludeBytes);
  frame.set(payload, preludeBytes + head.length);
  frame.writeUInt32BE(crc32(frame.subarray(0, frame.length - checksumBytes)), frame.length - checksumBytes);
  return frame;
}

function headerBytes(name: Buffer, value: Buffer): Buffer {
  const lengths = Buffer.from([stringType, value.length >> 8, value.length & 0xff]);
  return Buffer.concat([Buffer.from([name.length]), name, lengths, value]);
}
