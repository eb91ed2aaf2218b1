/**
 * Names the lines of the sources in the traces of bundled code. Maps are read when a trace is, unlike with `--enable-source-maps`, which
 * would cost every environment a third of its start.
 */
import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { fileURLToPath } from 'node:url';

/** For this thread, and for every file that has its map beside it as `<file>.map`. */
export function installSourceTraces(): void {
  const maps = new Map<string, SourceMap | undefined>();
  const mapOf = (url: string) => {
    if (!maps.has(url)) maps.set(url, readMap(url));
    return maps.get(url);
  };
  Error.prepareStackTrace = (error, frames) => [headOf(error), ...frames.map((frame) => `    at ${placed(frame, mapOf)}`)].join('\n');
}

function placed(frame: NodeJS.CallSite, mapOf: (url: string) => SourceMap | undefined): string {
  const text = frame.toString();
  const [url, line, column] = [frame.getFileName(), frame.getLineNumber(), frame.getColumnNumber()];
  if (!url?.startsWith('file:') || line === null || column === null) return text;
  const origin = mapOf(url)?.findOrigin(line, column);
  if (!origin || !('fileName' in origin)) return text;
  return text.replace(`${url}:${line}:${column}`, `${new URL(origin.fileName, url)}:${origin.lineNumber}:${origin.columnNumber}`);
}

function headOf(error: unknown): string {
  try {
    return String(error);
  } catch {
    return 'Error';
  }
}

function readMap(url: string): SourceMap | undefined {
  try {
    return new SourceMap(JSON.parse(readFileSync(`${fileURLToPath(url)}.map`, 'utf8')));
  } catch {
    // Not every file has one; a trace that names the bundle is better than none.
    return undefined;
  }
}
