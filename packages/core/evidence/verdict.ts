/** What a checked file is told to be, for a person and for a program. Reads no file. */
import { ok, type Result, refuse } from '../result.ts';
import type { Root } from './root.ts';
import { absenceFrom, isRoot, verifyPacket, verifyRoot, verifyRoots } from './verify.ts';

export interface File {
  name: string;
  text: string;
}

export interface Verdict {
  lines: string[];
  /** Snake case, as our own JSON. */
  body: Record<string, unknown>;
}

interface Against {
  roots?: readonly File[];
  kid?: string | undefined;
}

/** A packet, alone or against roots of which one must hold it; or a root, alone or with those around it. The refusal names the file. */
export function judge(file: File, { roots = [], kid }: Against): Result<Verdict, string> {
  const read: Root[] = [];
  for (const one of isRoot(file.text) ? [file, ...roots] : roots) {
    const root = verifyRoot(one.text, kid);
    if (!root.ok) return refuse(`${one.name} does not verify. ${root.refusal}`);
    read.push(root.value);
  }
  const inOrder = verifyRoots(read);
  if (!inOrder.ok) return refuse(inOrder.refusal);
  if (isRoot(file.text)) return ok(verdictOfRoots(file.name, inOrder.value));
  const checked = verifyPacket(file.text, kid);
  if (!checked.ok) return refuse(`${file.name} does not verify. ${checked.refusal}`);
  const absences = read.map((root) => absenceFrom(root, checked.value));
  const held = read.find((_, index) => absences[index] === undefined);
  if (read.length > 0 && !held)
    return refuse(`${file.name} does not verify. ${absences.find((one) => one?.includes('another packet')) ?? absences[0]}`);
  const { case: opening, chain, status, cut_at, proven_at, closing, signature } = checked.value;
  const when = `started ${opening.started_at}, cut ${cut_at ?? 'never'}, proven ${proven_at ?? 'never'}`;
  return ok({
    lines: [
      `${file.name} verifies: case ${opening.id} of ${opening.person}, ${status}; ${when}.`,
      `${chain.length} links, signed by the key ${signature.kid} (${closing.key_arn}). Compare that key with the one in your account.`,
      ...(held ? [`Root ${held.number}, made ${held.at}, holds it.`] : []),
    ],
    body: {
      verified: true,
      kind: 'packet',
      case: opening.id,
      person: opening.person,
      status,
      started_at: opening.started_at,
      cut_at,
      proven_at,
      closed_at: closing.closed_at,
      links: chain.length,
      head: closing.hash,
      kid: signature.kid,
      key_arn: closing.key_arn,
      root: held ? { number: held.number, at: held.at, hash: held.hash } : null,
    },
  });
}

function verdictOfRoots(name: string, roots: readonly Root[]): Verdict {
  const [first, last] = [roots[0], roots.at(-1)];
  const packets = roots.reduce((sum, { packets }) => sum + packets.length, 0);
  const span = roots.length === 1 ? `root ${first?.number}, made ${first?.at}` : `roots ${first?.number} to ${last?.number}, none left out`;
  return {
    lines: [
      `${name} verifies: ${span}, over ${packets} packets.`,
      `Signed by the key ${last?.signature.kid} (${last?.key_arn}). Compare that key with the one in your account.`,
    ],
    body: {
      verified: true,
      kind: 'root',
      first: first?.number,
      last: last?.number,
      after: first?.after,
      at: last?.at,
      packets,
      hash: last?.hash,
      kid: last?.signature.kid,
      key_arn: last?.key_arn,
    },
  };
}
