/** The task tokens that are waited for, and how a late or unknown one is answered. */
import { AwsError } from '../service.ts';
import type { Waiting } from './place.ts';

export interface OpenToken {
  executionArn: string;
  waiting: Waiting;
}

export interface TokenTable {
  issue(executionArn: string): string;
  open(token: string, entry: OpenToken): void;
  close(token: string): void;
  /** Throws InvalidToken, TaskDoesNotExist or TaskTimedOut, as Step Functions does. */
  find(token: unknown, isKnown: (executionArn: string) => boolean): OpenToken;
}

export function createTokens(uuid: () => string): TokenTable {
  const tokens = new Map<string, OpenToken>();
  return {
    issue: (executionArn) => Buffer.from(JSON.stringify([executionArn, uuid(), uuid()])).toString('base64url'),
    open: (token, entry) => void tokens.set(token, entry),
    close: (token) => void tokens.delete(token),
    find(token, isKnown) {
      const open = typeof token === 'string' ? tokens.get(token) : undefined;
      if (open) return open;
      const executionArn = executionOf(token);
      if (executionArn === undefined) throw new AwsError('InvalidToken', "Invalid Token: 'Invalid token'");
      if (!isKnown(executionArn)) throw new AwsError('TaskDoesNotExist', "Task does not exist: 'Provided task does not exist'");
      throw new AwsError('TaskTimedOut', "Task Timed Out: 'Provided task does not exist anymore'");
    },
  };
}

function executionOf(token: unknown): string | undefined {
  if (typeof token !== 'string') return undefined;
  try {
    const parts: unknown = JSON.parse(Buffer.from(token, 'base64url').toString());
    return Array.isArray(parts) && typeof parts[0] === 'string' ? parts[0] : undefined;
  } catch {
    return undefined;
  }
}
