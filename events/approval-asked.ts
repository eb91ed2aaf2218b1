/** Many people are leaving, or moved by a policy, at once: before all of them are cut, purged or moved, one person is asked. */
import * as z from 'zod';
import { fact } from './fact.ts';

export const approvalAsked = fact(
  'approval-asked',
  'lifecycle',
  {
    approval: z.string(),
    what: z.enum(['cut', 'purge', 'move']),
    /** Counted when it was asked; more may have joined them since. */
    people: z.int(),
    decide_by: z.iso.datetime(),
  },
  { approval: 'apr_01h00000000000000000000000', what: 'purge', people: 26, decide_by: '2026-11-23T09:00:00.000Z' },
);
