/** Usage named a model that the price book does not know: its tokens are kept aside, unpriced, until the book does. */
import * as z from 'zod';
import { fact } from './fact.ts';

export const modelUnpriced = fact(
  'model-unpriced',
  'usage',
  { person: z.string(), model: z.string(), route: z.string(), tokens: z.int() },
  { person: 'per_01h00000000000000000000000', model: 'claude-unheard-of-9', route: 'anthropic', tokens: 1200 },
);
