/** The directory could not be read, or answered with less than can be true; nothing was concluded from it. */
import * as z from 'zod';
import { fact } from './fact.ts';

export const directoryReadRefused = fact(
  'directory-read-refused',
  'people',
  { source: z.string(), reason: z.enum(['unreachable', 'refused', 'throttled', 'empty', 'short', 'malformed']), message: z.string() },
  { source: 'okta', reason: 'unreachable', message: 'GET /api/v1/users answered 503 three times' },
);
