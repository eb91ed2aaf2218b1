/** Reads what an administrator sends: a document with a reason, or a document alone. Publishes nothing. */
import { ok, type Result, refuse } from '@gatehouse/core/result';
import type { PolicyDocument } from '@gatehouse/rules/document';
import { parseDocument } from '@gatehouse/rules/problems';
import type { Refusal } from './refusal.ts';

/** A DynamoDB item holds 400 KB; the rest of the version's row is small. */
const maxDocumentBytes = 350_000;

export interface Draft {
  document: PolicyDocument;
  /** The other members of the body. */
  rest: Readonly<Record<string, unknown>>;
}

/** `{document, ...}`, or the document itself, told by its `policies`. The size is looked at before anything is parsed. */
export function readDraft(bytes: Buffer): Result<Draft, Refusal> {
  if (bytes.length > maxDocumentBytes) return refuse({ reason: 'too_large', bytes: bytes.length, maxBytes: maxDocumentBytes });
  let body: unknown;
  try {
    body = JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    return refuse({ reason: 'malformed', detail: `The body is not JSON: ${error instanceof Error ? error.message : 'unreadable'}` });
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    return refuse({ reason: 'malformed', detail: 'Send a JSON object: {"document": {...}, "reason": "..."}.' });
  const { document: wrapped, ...rest } = body as Record<string, unknown>;
  const bare = wrapped === undefined && 'policies' in rest;
  if (wrapped === undefined && !bare)
    return refuse({ reason: 'malformed', detail: '"document" is missing: {"document": {...}, "reason": "..."}.' });
  const parsed = parseDocument(bare ? rest : wrapped);
  if (!parsed.ok) return refuse(parsed.refusal);
  return ok({ document: parsed.value, rest: bare ? {} : rest });
}

/** The version in an `If-Match`: `"3"`, `W/"3"` or `3`. `any` for `*`. */
export function readIfMatch(header: string | undefined): Result<number | 'any', Refusal> {
  if (header === undefined || header.trim() === '') return refuse({ reason: 'no_condition' });
  if (header.trim() === '*') return ok('any');
  const version = /^(?:W\/)?"?(\d{1,6})"?$/.exec(header.trim())?.[1];
  // A tag that is none of ours matches no version.
  return ok(version === undefined ? -1 : Number(version));
}
