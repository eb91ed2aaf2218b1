import { describe, expect, it } from 'vitest';
import { readStart } from './start.ts';

const byHand = { person: 'alice@example.com', reason: 'left the company' };
const byFact = { person: 'per_01h00000000000000000000000', reason: 'gone', trigger: 'event', generation: 2, cause: 'evt_1' };

function refusal(written: unknown): string {
  const start = readStart(written);
  return start.ok ? expect.fail('it was taken') : start.refusal;
}

describe('what starts an offboarding', () => {
  it('is a person and a reason at least', () => {
    expect(readStart(byHand)).toEqual({
      ok: true,
      value: { ...byHand, trigger: 'manual', ticket: undefined, dry_run: false, hold: false, fact: undefined },
    });
    expect(readStart({ ...byHand, ticket: 'HR-1', dry_run: true, hold: true })).toMatchObject({
      ok: true,
      value: { ticket: 'HR-1', dry_run: true, hold: true },
    });
  });

  it('is a fact of ours, with its generation and cause', () => {
    expect(readStart(byFact)).toMatchObject({ ok: true, value: { trigger: 'event', fact: byFact } });
  });

  it.each([
    ['nothing at all', undefined, /not a JSON object/],
    ['a text', 'alice@example.com', /not a JSON object/],
    ['a list', [byHand], /not a JSON object/],
    ['no person', { reason: 'left' }, /"person" is missing/],
    ['no reason', { person: 'alice@example.com' }, /"reason" is missing/],
    ['an empty reason', { ...byHand, reason: ' ' }, /"reason" should be a text/],
    ['a person that is a number', { ...byHand, person: 7 }, /"person" should be an e-mail address/],
    ['a dry run in quotation marks', { ...byHand, dry_run: 'true' }, /"dry_run" should be true or false, without quotation marks/],
    ['a name of another tongue', { ...byHand, dryRun: true }, /"dryRun" is not known here/],
    ['a fact without its cause', { ...byFact, cause: undefined }, /"cause" should be the id/],
    ['a fact with a hold', { ...byFact, hold: true }, /"hold" is not known here/],
  ])('is not %s, and the refusal says what to write', (_, written, says) => {
    expect(refusal(written)).toMatch(says);
    expect(refusal(written)).toContain('{"person": "alice@example.com", "reason": "left the company"}');
  });
});
