/** New spend was posted to the ledger, once. */
import * as z from 'zod';
import { fact } from './fact.ts';

export const usageRecorded = fact(
  'usage-recorded',
  'usage',
  {
    person: z.string(),
    entries: z.int(),
    amount_micros: z.int(),
    /** Requests seen, where the witness counts them. */
    requests: z.int(),
    models: z.array(z.string()),
    price_book: z.string(),
  },
  {
    person: 'per_01h00000000000000000000000',
    entries: 4,
    amount_micros: 31250,
    requests: 2,
    models: ['claude-opus-4-8'],
    price_book: '2026-08-22',
  },
);
