/** An outside system's id as evidence and machine state may carry it: every console user reads those. */
import { createHash } from 'node:crypto';

/** `sha256:` and 64 hex digits. */
export function idHash(id: string): string {
  return `sha256:${createHash('sha256').update(id).digest('hex')}`;
}
