/** Everything that can be looked at for a stage, in order, and how it is written for people. Changes nothing. */
import { homedir } from 'node:os';
import { styleText } from 'node:util';
import { profileOf } from '../profile.ts';
import { lookAtAccount } from './account.aws.ts';
import { lookAtClient, lookAtName } from './client.ts';
import { type Finding, wrong } from './finding.ts';
import { lookAtProfile } from './profile.ts';

/** @param offline asks neither AWS nor the network. @param root the repository's folder. */
export async function examine(stage: string, offline: boolean, root = process.cwd()): Promise<Finding[]> {
  let profile: ReturnType<typeof profileOf>;
  try {
    profile = profileOf(stage, root);
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

/** What keeps a deployment from starting: all of the file's mistakes, or, where it has none, all of the account's. Empty when it may start. */
export async function inTheWay(stage: string, root = process.cwd()): Promise<Finding[]> {
  const alone = (await examine(stage, true, root)).filter(({ state }) => state === 'wrong');
  if (alone.length > 0) return alone;
  // An account that does not answer cannot be deployed to.
  return (await examine(stage, false, root)).filter(
    ({ check, state }) => state === 'wrong' || (check === 'account' && state === 'unknown'),
  );
}

const marks = { ok: ['green', '✓'], wrong: ['red', '✗'], unknown: ['yellow', '?'] } as const;

export function line({ check, state, says, mend }: Finding): string {
  const [colour, mark] = marks[state];
  return `${styleText(colour, mark, { stream: process.stdout })} ${check}: ${says}${mend ? `\n    ${mend}` : ''}`;
}
