/** How callers of the Lambda API name a function: a name, a partial or a full ARN, each with or without a qualifier. */
import { functionAlias } from '@gatehouse/contracts/names';
import { account, region } from '../aws/service.ts';

/** The one that the alias leads to. */
export const version = '1';

export function parseFunction(reference: string, asked?: string): { name: string; qualifier: string; isKnownQualifier: boolean } {
  const parts = reference.split(':');
  const at = parts.lastIndexOf('function');
  const [name = '', suffix] = at >= 0 ? parts.slice(at + 1) : parts;
  const qualifier = asked ?? suffix ?? '$LATEST';
  return { name, qualifier, isKnownQualifier: ['$LATEST', functionAlias].includes(qualifier) };
}

export function functionArn(name: string): string {
  return `arn:aws:lambda:${region}:${account}:function:${name}`;
}
