/** Reads server-sent events out of bytes as they arrive, however they are cut. Never decodes, copies or keeps a payload that came in one piece. */

export interface SseEvent {
  /** The `event` field; `message` when the stream names none. */
  name: string;
  /** The `data` lines, joined by line feeds: UTF-8 that views the chunks it came in, so it must be read before they are reused. */
  data: Buffer;
}

export interface SseScanner {
  /**
   * The events that this chunk completes, in order. An event without data is none (WHATWG HTML 9.2.6), nor is one cut off by the end.
   * Throws `EventTooLong` when a single event grows past the bound: what comes then is no event stream.
   */
  push(chunk: Uint8Array): SseEvent[];
  /** Whether the bytes so far end between two events: where something of one's own may be written in between. */
  isBetweenEvents(): boolean;
}

export class EventTooLong extends Error {
  override name = 'EventTooLong';
}

const lineFeed = 10;
const carriageReturn = 13;
const colon = 58;
const space = 32;
const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);
const newline = Buffer.from('\n');
const nothing = Buffer.alloc(0);

/** @param maxEventBytes of one event with its field names. */
export function createSseScanner(maxEventBytes: number = 16 * 1024 * 1024): SseScanner {
  /** The pieces of a line whose end has not come. */
  let unfinished: Buffer[] = [];
  let name = 'message';
  let lines: Buffer[] = [];
  let eventBytes = 0;
  let afterReturn = false;
  let first = true;

  function push(chunk: Uint8Array): SseEvent[] {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const events: SseEvent[] = [];
    let start = 0;
    if (afterReturn && bytes.length > 0) {
      afterReturn = false;
      if (bytes[0] === lineFeed) start = 1;
    }
    let feed = bytes.indexOf(lineFeed, start);
    let back = bytes.indexOf(carriageReturn, start);
    while (feed !== -1 || back !== -1) {
      const byReturn = back !== -1 && (feed === -1 || back < feed);
      const end = byReturn ? back : feed;
      const event = endLine(bytes.subarray(start, end));
      if (event) events.push(event);
      start = end + 1;
      if (byReturn) {
        if (start === bytes.length) afterReturn = true;
        else if (bytes[start] === lineFeed) start += 1;
        back = bytes.indexOf(carriageReturn, start);
      }
      if (feed !== -1 && feed < start) feed = bytes.indexOf(lineFeed, start);
    }
    if (start < bytes.length) {
      unfinished.push(bytes.subarray(start));
      count(bytes.length - start);
    }
    return events;
  }

  function count(size: number): void {
    eventBytes += size;
    if (eventBytes > maxEventBytes) throw new EventTooLong(`An event ends within ${maxEventBytes} bytes, and this one did not`);
  }

  function endLine(rest: Buffer): SseEvent | undefined {
    count(rest.length);
    let line = rest;
    if (unfinished.length > 0) {
      line = Buffer.concat([...unfinished, rest]);
      unfinished = [];
    }
    if (first) {
      first = false;
      if (line.subarray(0, 3).equals(byteOrderMark)) line = line.subarray(3);
    }
    if (line.length === 0) return dispatch();
    if (isField(line, 'data')) lines.push(fieldValue(line, 4));
    else if (isField(line, 'event')) name = fieldValue(line, 5).toString('utf8') || 'message';
    return undefined;
  }

  function dispatch(): SseEvent | undefined {
    const event = lines.length === 0 ? undefined : { name, data: joined(lines) };
    name = 'message';
    lines = [];
    eventBytes = 0;
    return event?.data.length === 0 ? undefined : event;
  }

  function isBetweenEvents(): boolean {
    return eventBytes === 0;
  }
  return { push, isBetweenEvents };
}

/** `data: x`, `data:x`, and a bare `data`, whose value is empty; `database: x` is another field. */
function isField(line: Buffer, field: string): boolean {
  if (line.length > field.length && line[field.length] !== colon) return false;
  if (line.length < field.length) return false;
  for (let index = 0; index < field.length; index++) if (line[index] !== field.charCodeAt(index)) return false;
  return true;
}

/** After the colon, less one space. */
function fieldValue(line: Buffer, nameLength: number): Buffer {
  return line[nameLength + 1] === space ? line.subarray(nameLength + 2) : line.subarray(nameLength + 1);
}

function joined(lines: readonly Buffer[]): Buffer {
  if (lines.length === 1) return lines[0] ?? nothing;
  return Buffer.concat(lines.flatMap((line, index) => (index === 0 ? [line] : [newline, line])));
}
