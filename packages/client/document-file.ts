/** Reads what people keep in files: YAML or JSON documents, and lines of NAME=VALUE. Checks no policy: the gateway does. */
import { ok, type Result, refuse } from '@gatehouse/core/result';
import { parseDocument } from 'yaml';

/** JSON is YAML. Anchors are followed only so far, so that a small file cannot become a large one. The refusal is a sentence. */
export function readDocument(text: string, name: string): Result<unknown, string> {
  const parsed = parseDocument(text, { version: '1.2', uniqueKeys: true });
  const [wrong] = parsed.errors;
  if (wrong) return refuse(`${name} is neither YAML nor JSON: ${wrong.message}`);
  let value: unknown;
  try {
    value = parsed.toJS({ maxAliasCount: 100 });
  } catch (error) {
    return refuse(`${name} cannot be read: ${error instanceof Error ? error.message : 'its anchors go in circles'}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return refuse(`${name} holds no document: write an object.`);
  return ok(value);
}

/** `NAME=VALUE`, `export NAME="VALUE"` and comments. Undefined when it has other lines. */
export function readVariables(text: string): Record<string, string> | undefined {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  const pairs = lines.map((line) => /^(?:export\s+)?([A-Z][A-Z0-9_]*)=(.*)$/.exec(line));
  if (pairs.length === 0 || pairs.some((pair) => pair === null)) return undefined;
  return Object.fromEntries(pairs.map((pair) => [pair?.[1] ?? '', (pair?.[2] ?? '').trim().replace(/^(["'])(.*)\1$/, '$2')]));
}
