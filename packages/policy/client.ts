/** Judges a client by what was delivered to it, what it says it holds, and what it reports. All three are looked at; only the first is our own word. */
import { compareVersions } from '@gatehouse/rules/document';
import * as z from 'zod';

/** What one signed-in client was given and says. Checksums are of settings, `sha256:...`; times RFC 3339. */
export const Client = z.object({
  person: z.string(),
  /** `ses_...`: one sign-in, so one installation. */
  session: z.string(),
  via: z.enum(['gateway', 'helper']).optional(),
  delivered: z.string().optional(),
  delivered_at: z.string().optional(),
  /** What was delivered the time before. */
  previous: z.string().optional(),
  /** The checksum that it named when it asked: what it runs under. */
  held: z.string().optional(),
  client_version: z.string().optional(),
  reported: z.object({ sources: z.array(z.string()), helper_state: z.string(), client_version: z.string(), at: z.string() }).optional(),
});
export type Client = z.infer<typeof Client>;

/** The worst first. */
export const standings = ['drifted', 'unmanaged', 'outdated', 'unproven', 'proven'] as const;
export type Standing = (typeof standings)[number];

export interface Judged {
  standing: Standing;
  because: string;
}

/** The policy in force for the client's person. */
export interface Expected {
  checksum: string;
  min_version?: string | undefined;
}

/** Clients ask each hour: this long after a delivery, one that works has asked again. */
const askAgainMs = 2 * 3_600_000;

export function judge(client: Client, expected: Expected): Judged {
  const { reported, held, delivered, previous } = client;
  if (held !== undefined && held !== delivered && held !== previous)
    return { standing: 'drifted', because: 'it holds settings that were never delivered to it' };
  if (reported) {
    const helped = reported.helper_state === 'ok';
    if (reported.sources.length === 0 && !helped) return { standing: 'unmanaged', because: 'it reports that no managed settings apply' };
    if (client.via === 'gateway' && !reported.sources.includes('remote'))
      return {
        standing: 'drifted',
        because: `settings were delivered to it, and it says that it runs under ${reported.sources.join(', ')}`,
      };
    if (!delivered && !helped && !reported.sources.includes('file'))
      return { standing: 'unmanaged', because: 'it never asked for settings, and names no file' };
    if (delivered && delivered !== expected.checksum && lag(client) > askAgainMs)
      return { standing: 'drifted', because: 'it works on and has not asked for the settings that are in force' };
  }
  const version = versionOf(client);
  if (version && expected.min_version && compareVersions(version, expected.min_version) < 0)
    return { standing: 'outdated', because: `it is ${version}, the policy asks for ${expected.min_version}` };
  if (!reported) return { standing: 'unproven', because: 'settings were delivered, and it has not reported which apply' };
  return { standing: 'proven', because: `it reports settings from ${reported.sources.join(', ') || 'its helper'}` };
}

/** How long after its last delivery it was heard of, in milliseconds. */
function lag({ reported, delivered_at }: Client): number {
  return reported && delivered_at ? Date.parse(reported.at) - Date.parse(delivered_at) : 0;
}

/** `2.1.330`; what it reports stands over what it called itself when it asked. */
function versionOf({ reported, client_version }: Client): string | undefined {
  return [reported?.client_version, client_version].find((version) => version !== undefined && /^\d+\.\d+\.\d+$/.test(version));
}
