/** What a sign-in, a change in the directory, or a case does to a person's gate. Decides; writes nothing. The epoch never falls. */
import type { Gate } from '@gatehouse/contracts/records/gate';
import { ok, type Result, refuse } from '@gatehouse/core/result';
import type { SignInRefusal } from './refusal.ts';

/** A person as the directory's record has them. */
export interface Standing {
  person: string;
  status: 'active' | 'suspended' | 'left';
  generation: number;
  groups: readonly string[];
  email: string;
  name: string;
}

/** The gate that a sign-in of an active, entitled person leaves behind. A shut one opens by itself only for somebody who has come back since. */
export function gateForSignIn(gate: Gate | undefined, standing: Standing, at: string): Result<Gate, SignInRefusal> {
  const { person, generation, email, name } = standing;
  const groups = [...standing.groups];
  if (!gate) return ok({ person, state: 'open', epoch: 1, generation, groups, email, name, changed_at: at });
  if (gate.state === 'shut' && generation <= gate.generation)
    return refuse({ reason: 'gate_shut', person, because: gate.reason ?? 'shut' });
  if (generation < gate.generation) return ok(gate);
  const { reason: _, ...rest } = gate;
  const next: Gate = { ...rest, state: 'open', generation, groups, email, name };
  return ok(sameGate(gate, next) ? gate : { ...next, changed_at: at });
}

/** A service signs in behind its owner's open gate; it neither makes one nor opens nor changes it. */
export function gateForService(gate: Gate | undefined, { person }: Standing): Result<Gate, SignInRefusal> {
  return gate?.state === 'open'
    ? ok(gate)
    : refuse({ reason: 'gate_shut', person, because: gate?.reason ?? 'the owner has not signed in yet' });
}

/** Shuts for a case. Undefined when it is shut for that case already, or when the person has come back since the case began. */
export function gateForCut(
  gate: Gate | undefined,
  standing: Standing,
  order: { generation: number; reason: string },
  at: string,
): Gate | undefined {
  const { person, email, name } = standing;
  const fresh = { person, groups: [...standing.groups], email, name };
  // Epoch 2: an older one exists, so that a probe can hold a token that this shutting killed.
  if (!gate) return { ...fresh, state: 'shut', epoch: 2, reason: order.reason, generation: order.generation, changed_at: at };
  if (gate.generation > order.generation) return undefined;
  if (gate.state === 'shut' && gate.reason === order.reason && gate.generation === order.generation) return undefined;
  return { ...gate, state: 'shut', epoch: gate.epoch + 1, reason: order.reason, generation: order.generation, changed_at: at };
}

/** Opens what the case itself had shut; undefined otherwise. Dead tokens stay dead: the epoch stays where the shutting put it. */
export function gateForRestore(gate: Gate | undefined, order: { generation: number; reason: string }, at: string): Gate | undefined {
  if (gate?.state !== 'shut' || gate.reason !== order.reason || gate.generation > order.generation) return undefined;
  const { reason: _, ...rest } = gate;
  return { ...rest, state: 'open', generation: order.generation, changed_at: at };
}

/** Ends every session and leaves the gate open: the next sign-in is of the new epoch. Undefined when it is shut: nothing lives behind it. */
export function gateForCutSessions(gate: Gate, at: string): Gate | undefined {
  return gate.state === 'shut' ? undefined : { ...gate, epoch: gate.epoch + 1, changed_at: at };
}

/** Groups and names as the directory now has them. Undefined when nothing changes. State, epoch and generation are not a fact's to move. */
export function gateForChange(
  gate: Gate,
  { groups, email, name }: Pick<Standing, 'groups' | 'email' | 'name'>,
  at: string,
): Gate | undefined {
  const next: Gate = { ...gate, groups: [...groups], email, name };
  return sameGate(gate, next) ? undefined : { ...next, changed_at: at };
}

function sameGate(a: Gate, b: Gate): boolean {
  return (
    a.state === b.state &&
    a.generation === b.generation &&
    a.email === b.email &&
    a.name === b.name &&
    a.groups.length === b.groups.length &&
    a.groups.every((group, at) => group === b.groups[at])
  );
}
