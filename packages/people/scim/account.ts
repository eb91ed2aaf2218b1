/** What a SCIM user means for us: whether they are active, their address and name, and the subject that their tokens carry. */
import { isJson, type Json } from './shape.ts';

export interface Account {
  active: boolean;
  email: string;
  name: string;
}

/** `active` left out means active (RFC 7643 section 4.1.1 leaves it to us). */
export function accountOf(resource: Json): Account {
  const userName = String(resource.userName ?? '');
  return { active: resource.active !== false, email: emailOf(resource.emails) ?? userName, name: nameOf(resource) ?? userName };
}

function emailOf(emails: unknown): string | undefined {
  const all = (Array.isArray(emails) ? emails : []).filter(isJson).filter(({ value }) => typeof value === 'string' && value !== '');
  const best = all.find(({ primary }) => primary === true) ?? all.find(({ type }) => type === 'work') ?? all[0];
  return best && String(best.value);
}

function nameOf({ displayName, name }: Json): string | undefined {
  if (typeof displayName === 'string' && displayName !== '') return displayName;
  if (!isJson(name)) return undefined;
  if (typeof name.formatted === 'string' && name.formatted !== '') return name.formatted;
  return [name.givenName, name.familyName].filter((part) => typeof part === 'string' && part !== '').join(' ') || undefined;
}

export interface SubjectRule {
  /** Which attribute is the subject of the person's tokens. */
  subject: 'external_id' | 'user_name' | 'id';
  /** Put before it, e.g. an Entra ID tenant's `<tid>/`. */
  prefix: string;
}

/** The subject of a user's tokens; undefined for somebody whom no token can mean. */
export function subjectOf(
  user: { id: string; external_id?: string | undefined; user_name: string },
  rule: SubjectRule,
): string | undefined {
  const value = rule.subject === 'id' ? user.id : rule.subject === 'user_name' ? user.user_name : user.external_id;
  return value === undefined || value === '' ? undefined : rule.prefix + value;
}
