/**
 * What people make on buses, kept over a restart: their buses, their rules, and their targets, also those on rules of the stack, which are put
 * again at each start. It matches and delivers nothing.
 */
import { readDocument, writeDocument } from '../../durable-file.ts';
import type { Target } from './delivery.ts';

export interface KeptRule {
  bus: string;
  name: string;
  pattern: string;
  state: 'ENABLED' | 'DISABLED';
  description?: string;
  roleArn?: string;
}
export interface KeptTarget {
  bus: string;
  rule: string;
  target: Target;
}
export interface UserRules {
  buses: { name: string; partner: boolean }[];
  rules: KeptRule[];
  targets: KeptTarget[];
}

/** Whoever makes the product's own things: they are made again, not kept. */
export const stackCaller = 'stack';

export function readUserRules(path: string | undefined): UserRules {
  const found = path === undefined ? undefined : (readDocument(path) as UserRules | undefined);
  return found ?? { buses: [], rules: [], targets: [] };
}

export function writeUserRules(path: string | undefined, rules: UserRules): void {
  if (path !== undefined) writeDocument(path, rules);
}
