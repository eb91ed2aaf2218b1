import { expect, it } from 'vitest';
import { readJoinStart } from './join-start.ts';

const byHand = { person: 'alice@example.com', reason: 'joined the company' };
const byFact = { ...byHand, trigger: 'event', generation: 1, cause: 'evt_1' };

it('takes what an admin and what a fact write', () => {
  expect(readJoinStart({ ...byHand, ticket: 'HR-7', dry_run: true })).toMatchObject({
    ok: true,
    value: { trigger: 'manual', dry_run: true },
  });
  expect(readJoinStart(byFact)).toMatchObject({ ok: true, value: { trigger: 'event', fact: byFact } });
});

it.each([
  [undefined, /not a JSON object/],
  [{ ...byHand, person: undefined }, /"person" should be/],
  [{ person: 'alice@example.com' }, /"reason" is missing/],
  [{ ...byHand, dry_run: 'yes' }, /"dry_run" should be true or false/],
  [{ ...byHand, hold: true }, /"hold" is not known here/],
  [{ ...byFact, generation: 0 }, /"generation" should be a positive whole number/],
])('says what to write instead of %j', (written, says) => {
  expect(readJoinStart(written)).toMatchObject({ ok: false, refusal: expect.stringMatching(says) });
});
