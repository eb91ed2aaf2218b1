/** Everybody's accounts and workspaces in Coder, but for our own account and the accounts that are Coder's. Changes nothing. */
import * as z from 'zod';
import { type Coder, call, paged, read } from './coder.http.ts';

const User = z.object({ id: z.string(), email: z.string(), status: z.string(), login_type: z.string().nullish() });
const UserPage = z.object({ users: z.array(User), count: z.int() });
const Owned = z.object({
  id: z.string(),
  owner_id: z.string(),
  owner_name: z.string(),
  latest_build: z.object({ transition: z.enum(['start', 'stop', 'delete']) }),
});
const OwnedPage = z.object({ workspaces: z.array(Owned), count: z.int() });

/** Accounts that nobody signs in to (login type none) are services'. */
export async function everyAccount(coder: Coder): Promise<{ id: string; email: string; status: string }[]> {
  const ours = read(z.object({ id: z.string() }), await call(coder, 'GET', '/users/me'), 200);
  const users = await paged(coder, '/users', {}, UserPage, (page) => [page.users, page.count]);
  return users.filter(({ id, login_type: type }) => id !== ours.id && type !== 'none');
}

export async function everyOwned(coder: Coder): Promise<{ id: string; ownerId: string; ownerName: string; live: boolean }[]> {
  const rows = await paged(coder, '/workspaces', {}, OwnedPage, (page) => [page.workspaces, page.count]);
  return rows.map(({ id, owner_id, owner_name, latest_build: latest }) => {
    return { id, ownerId: owner_id, ownerName: owner_name, live: latest.transition === 'start' };
  });
}
