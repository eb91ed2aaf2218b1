/** Everything that can be looked at for a stage, in order, and how it is written for people. Changes nothing. */
import { homedir } from 'node:os';
import { styleText } from 'node:util';
import { profileOf } from '../profile.ts';
import { lookAtAccount } from './account.aws.ts';
import { lookAtClient, lookAtName } from './client.ts';
import { type Finding, wrong } from './finding.ts';
import { lookAtProfile } from './profile.ts';

/** Of the repository that is the working folder. @param offline asks neither AWS nor the network. */
export async function examine(stage: string, offline: boolean): Promise<Finding[]> {
  let profile: ReturnType<typeof profileOf>;
  try {
    profile = profileOf(stage);
  } catch (error) {
    return [wrong('profile', error instanceof Error ? error.message : String(error), 'write what it says')];
  }
  const found = lookAtProfile(stage, profile);
  if (offline) return found;
  found.push(...(await lookAtAccount(stage, profile, Date.now())));
  const name = profile.domain?.name;
  if (name === undefined) return found;
  const client = await lookAtClient(homedir(), name);
  return [...found, await lookAtName(name), ...(client ? [client] : [])];
}

const marks = { ok: ['green', '✓'], wrong: ['red', '✗'], unknown: ['yellow', '?'] } as const;

export function line({ check, state, says, mend }: Finding): string {
  const [colour, mark] = marks[state];
  return `${styleText(colour, mark, { stream: process.stdout })} ${check}: ${says}${mend ? `\n    ${mend}` : ''}`;
}
