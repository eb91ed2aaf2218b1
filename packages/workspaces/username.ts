/** What somebody may be called in Coder: letters, digits and single hyphens, at most 32, and nobody else's. Decides, asks nobody. */
import type { Person } from '@gatehouse/contracts/records/person';

const most = 32;

/** In the order of preference: the address's first part, then with the end of our id, which nobody else has. */
export function usernamesFor({ email, id }: Pick<Person, 'email' | 'id'>): string[] {
  const end = id.slice(-6);
  const plain = slug(email.split('@')[0] ?? '', most);
  const short = slug(email.split('@')[0] ?? '', most - end.length - 1);
  return [plain, short === '' ? `user-${end}` : `${short}-${end}`].filter((name) => name !== '');
}

function slug(text: string, length: number): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, length)
    .replace(/-+$/, '');
}
