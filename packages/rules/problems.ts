/** Turns what is wrong with a document into a list that a person can act on: every problem, each with its path. Accepts nothing by itself. */
import { ok, type Result, refuse } from '@gatehouse/core/result';
import type * as z from 'zod';
import { PolicyDocument } from './document.ts';

export interface Problem {
  /** `policies[2].models.allow[0]`; empty for the document itself. */
  path: string;
  message: string;
}

/** The document, with defaults filled in, or all that is wrong with it. */
export function parseDocument(input: unknown): Result<PolicyDocument, { reason: 'invalid'; problems: Problem[] }> {
  const parsed = PolicyDocument.safeParse(input);
  return parsed.success ? ok(parsed.data) : refuse({ reason: 'invalid', problems: parsed.error.issues.map(problem) });
}

function problem(issue: z.core.$ZodIssue): Problem {
  return { path: pathOf(issue.path), message: issue.message };
}

function pathOf(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    return text ? `${text}.${String(part)}` : String(part);
  }, '');
}
