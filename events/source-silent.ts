/** An event source has said nothing for longer than the profile thinks possible. Its people are still found by the sweep, later. */
import * as z from 'zod';
import { fact } from './fact.ts';

export const sourceSilent = fact(
  'source-silent',
  'people',
  {
    /** okta-log-stream, okta-hook, entra, authentik, ssf, token-revocation, scim, cloudtrail. */
    source: z.string(),
    /** When it was last heard, or when it was first waited for. */
    heard_at: z.iso.datetime(),
  },
  { source: 'okta-log-stream', heard_at: '2026-11-22T04:00:00.000Z' },
);
