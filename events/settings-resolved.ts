/** A client said which managed settings it runs under: once a session of its own and content. A claim, as all telemetry is. */
import * as z from 'zod';
import { fact } from './fact.ts';

export const settingsResolved = fact(
  'settings-resolved',
  'usage',
  {
    person: z.string(),
    /** Ours, `ses_...`: of the token that the report came under. */
    session: z.string(),
    /** `managed_settings.sources`: remote, file, ... Empty: the client runs under none. At most 20. */
    sources: z.array(z.string().max(100)).max(20),
    /** startup, ... */
    trigger: z.string().max(100),
    /** `managed_settings.helper.state`: none, ok, ... */
    helper_state: z.string().max(100),
    /** `service.version` of the resource; empty when it says none. */
    client_version: z.string().max(100),
  },
  {
    person: 'per_01h00000000000000000000000',
    session: 'ses_01h00000000000000000000000',
    sources: ['remote'],
    trigger: 'startup',
    helper_state: 'none',
    client_version: '2.1.330',
  },
);
