/**
 * Walks protobuf wire format: tags, varints, lengths and what to skip. Every length is checked against its parent and the buffer, so that no input reads
 * outside or runs on. Throws Malformed. It is a class for its one piece of state, the place in the buffer.
 */
import { Malformed } from './reading.ts';

export const wire = { varint: 0, fixed64: 1, length: 2, groupStart: 3, groupEnd: 4, fixed32: 5 } as const;

/** Protobuf libraries stop near a hundred levels; what we read has seven. */
const maxGroups = 64;

export class Cursor {
  readonly bytes: Buffer;
  readonly view: DataView;
  at = 0;
  /** The upper half of the last varint. */
  high = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Field number times eight plus wire type. */
  tag(end: number): number {
    const tag = this.varint(end);
    if (tag < 8 || this.high !== 0) throw new Malformed(`Byte ${this.at}: there is no field 0`);
    return tag;
  }

  /** The lower 32 bits, unsigned; `high` holds the upper. */
  varint(end: number): number {
    const { bytes } = this;
    let at = this.at;
    this.high = 0;
    if (at >= end) throw cut(at);
    let byte = bytes[at++]!;
    if (byte < 128) {
      this.at = at;
      return byte;
    }
    let low = byte & 127;
    for (let shift = 7; shift < 70; shift += 7) {
      if (at >= end) throw cut(at);
      byte = bytes[at++]!;
      const part = byte & 127;
      if (shift < 28) low |= part << shift;
      else if (shift === 28) {
        low |= part << 28;
        this.high = part >>> 4;
      } else if (shift < 63) this.high |= part << (shift - 32);
      else this.high |= (part & 1) << 31;
      if (byte < 128) {
        this.at = at;
        this.high >>>= 0;
        return low >>> 0;
      }
    }
    throw new Malformed(`Byte ${at}: a varint ends within ten bytes`);
  }

  /** Reads a length and answers where what it measures ends. */
  sub(end: number): number {
    const length = this.varint(end);
    const last = this.at + length;
    if (this.high !== 0 || last > end) throw cut(this.at);
    return last;
  }

  /** Where eight bytes begin; moves past them. */
  eight(end: number): number {
    const from = this.at;
    if (from + 8 > end) throw cut(from);
    this.at = from + 8;
    return from;
  }

  skip(tag: number, end: number, depth = 0): void {
    switch (tag & 7) {
      case wire.varint:
        this.varint(end);
        return;
      case wire.fixed64:
        this.eight(end);
        return;
      case wire.length:
        this.at = this.sub(end);
        return;
      case wire.fixed32:
        if (this.at + 4 > end) throw cut(this.at);
        this.at += 4;
        return;
      case wire.groupStart:
        this.skipGroup(tag, end, depth);
        return;
      default:
        throw new Malformed(`Byte ${this.at}: wire type ${tag & 7} stands where none may`);
    }
  }

  private skipGroup(start: number, end: number, depth: number): void {
    if (depth === maxGroups) throw new Malformed(`Byte ${this.at}: groups are nested deeper than ${maxGroups}`);
    for (;;) {
      const tag = this.tag(end);
      if ((tag & 7) !== wire.groupEnd) this.skip(tag, end, depth + 1);
      else if (tag >>> 3 === start >>> 3) return;
      else throw new Malformed(`Byte ${this.at}: a group ends that did not begin`);
    }
  }
}

function cut(at: number): Malformed {
  return new Malformed(`Byte ${at}: the message ends inside a field`);
}
