/** Whose a vendor's line is: the person who carries its address; nobody's when there is none, or several. */
import { findPerson } from '@gatehouse/runtime/find-person';
import { nobodys } from './reconciliation.ts';

const atOnce = 8;

/** @param table of people. Throws Unavailable, Throttled. */
export async function peopleOf<L extends { email: string | undefined }>(
  lines: readonly L[],
  table: string,
): Promise<(L & { person: string })[]> {
  const emails = [...new Set(lines.flatMap(({ email }) => (email === undefined ? [] : [email])))];
  const found = new Map<string, string>();
  for (let at = 0; at < emails.length; at += atOnce)
    await Promise.all(
      emails.slice(at, at + atOnce).map(async (email) => {
        const person = await findPerson(table, email);
        if (person.ok) found.set(email, person.value.id);
      }),
    );
  return lines.map((line) => ({ ...line, person: found.get(line.email ?? '') ?? nobodys }));
}
