/** Something that an identity provider said may have changed a person or a group. Not yet true: people re-read the directory. */
import * as z from 'zod';
import { fact } from './fact.ts';

export const identityHinted = fact(
  'identity-hinted',
  'people',
  {
    /** Whose people it is about. */
    issuer: z.string(),
    /** The person, as tokens of the issuer write them. */
    subject: z.string().optional(),
    /** The directory's id of a group, whose people may each have changed. */
    group: z.string().optional(),
    /** What it was called: whoever is known to be in it is looked at too, since the directory may have no such group any more. */
    group_name: z.string().optional(),
    /** It says that the person is leaving. */
    leaving: z.boolean(),
    /** What told us: okta-hook, entra-graph, authentik, ssf, token-revocation, scim. */
    source: z.string(),
    /** The source's id of the event. */
    cause: z.string(),
  },
  {
    issuer: 'https://example.okta.com',
    subject: '00ualice000000000000',
    leaving: true,
    source: 'okta-hook',
    cause: 'f1d0b993-cc19-11ed-a688-db22c99ef6c4',
  },
);
