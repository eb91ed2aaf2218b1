/** What the policy entitles one person to in other systems, and why: as long as one of the reasons holds, they keep it. Decides, gives nothing. */
import type { GrantReason, KeySpec, SeatSpec, WorkspaceSpec } from '@gatehouse/contracts/records/grant';
import type { Content, PolicyDocument } from '@gatehouse/rules/document';
import { type Effective, type Layer, layersOf, resolve, type Subject } from '@gatehouse/rules/resolve';

interface About {
  alias: string;
  reasons: GrantReason[];
}
export type Entitlement =
  | (About & { system: 'anthropic'; kind: 'seat'; spec: SeatSpec })
  | (About & { system: 'litellm'; kind: 'virtual-key'; spec: KeySpec })
  | (About & { system: 'coder'; kind: 'workspace'; spec: WorkspaceSpec });

/** One seat, one key and one workspace at most: further ones, up to the policy's maximum, people ask for themselves. */
export function entitlementsOf(document: PolicyDocument, subject: Subject): Entitlement[] {
  const effective = resolve(document, subject);
  if (!effective.admitted) return [];
  const because = reasonsIn(layersOf(document, subject), subject);
  const entitled: Entitlement[] = [];
  const { claude: tier } = effective.seats;
  if (tier === 'standard' || tier === 'premium') {
    const reasons = because(({ seats }) => seats?.claude === 'standard' || seats?.claude === 'premium');
    entitled.push({ system: 'anthropic', kind: 'seat', alias: 'seat', spec: { tier }, reasons });
  }
  if ((effective.keys.maximum ?? 0) > 0) {
    const reasons = because(({ keys }) => (keys?.maximum ?? 0) > 0);
    entitled.push({ system: 'litellm', kind: 'virtual-key', alias: `gatehouse-${subject.person}-1`, spec: keySpec(effective), reasons });
  }
  const { template, cpu, memory_gb, disk_gb, idle_stop_minutes, maximum = 0 } = effective.workspaces;
  if (maximum > 0 && template !== undefined) {
    const spec = { template, ...present({ cpu, memory_gb, disk_gb, idle_stop_minutes }) };
    const reasons = because(({ workspaces }) => (workspaces?.maximum ?? 0) > 0);
    entitled.push({ system: 'coder', kind: 'workspace', alias: 'claude', spec, reasons });
  }
  return entitled;
}

function keySpec({ keys, models }: Effective): KeySpec {
  const allow = [models.allow, keys.models].filter((list) => list !== undefined);
  return { allow, deny: models.deny, ...present({ budget: keys.budget, duration_days: keys.duration_days }) };
}

/** A policy that matches by several of their groups is as many reasons. What the base says holds for whoever a policy matches. */
function reasonsIn(layers: readonly Layer[], { groups }: Subject): (says: (content: Content) => boolean) => GrantReason[] {
  return (says) => {
    const saying = layers.filter(({ content }) => says(content));
    const behind = saying.some(({ policy }) => !policy) ? layers : saying;
    return behind.flatMap(({ name, policy }): GrantReason[] => {
      if (!policy) return [];
      const theirs = (policy.match.groups ?? []).filter((group) => groups.includes(group));
      return theirs.length > 0 ? theirs.map((group) => ({ policy: name, group })) : [{ policy: name }];
    });
  };
}

function present<T extends object>(members: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
