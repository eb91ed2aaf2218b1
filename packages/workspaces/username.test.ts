import { expect, it } from 'vitest';
import { usernamesFor } from './username.ts';

const id = 'per_01h000000000000000000abcdef';

it.each([
  ['alice@example.com', ['alice', 'alice-abcdef']],
  ['Ann.Lee_van-der+test@example.com', ['ann-lee-van-der-test', 'ann-lee-van-der-test-abcdef']],
  ['a.very.long.name.that.coder.would.refuse@example.com', ['a-very-long-name-that-coder-woul', 'a-very-long-name-that-cod-abcdef']],
  ['李@example.com', ['user-abcdef']],
])('calls %s what Coder allows', (email, names) => {
  expect(usernamesFor({ email, id })).toEqual(names);
  for (const name of names) expect(name).toMatch(/^[a-zA-Z0-9]+(?:-[a-zA-Z0-9]+)*$/);
});
