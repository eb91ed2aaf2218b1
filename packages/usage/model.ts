/** Which model a sender's spelling means, and whether Bedrock asks its regional premium for it. An application inference profile means what the profile says. Pure. */
import { modelName } from '@gatehouse/rules/models';

/** @param profiles ARN of an application inference profile -> any spelling of its model. */
export function modelOf(spelling: string, route: string, profiles: Readonly<Record<string, string>>): { name: string; regional: boolean } {
  const meant = Object.hasOwn(profiles, spelling) ? (profiles[spelling] ?? spelling) : spelling;
  return { name: modelName(meant).name, regional: route === 'bedrock' && isRegional(meant) };
}

/** Bedrock's own id, in one region or by a geographic profile, and not the global profile. */
function isRegional(spelling: string): boolean {
  const id = spelling.toLowerCase().split('/').at(-1) ?? '';
  return id.includes('anthropic.') && !id.startsWith('global.');
}
