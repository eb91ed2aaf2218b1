/** Thirty days of one developer and, perhaps, one thief, against the real service on the stack's clock: lost answers, parallel refreshes, one copied file. */

/** The service as they see it, and its clock. */
export interface World {
  /** A fresh sign-in: the first refresh token of a family. */
  signIn(): Promise<string>;
  /** The successor, undefined when it is refused. */
  refresh(token: string): Promise<string | undefined>;
  advance(seconds: number): Promise<void> | void;
  /** Whether the reuse of one of this person's tokens was told. */
  alerted(): Promise<boolean>;
}

export interface Life {
  /** Sign-ins that the developer had to repeat though nobody stole anything. */
  forcedLogins: number;
  refreshes: number;
  /** Whether the thief's newest token still works at the end. */
  thiefAlive: boolean;
  /** Whether the theft raised the fact. */
  alerted: boolean;
}

export interface Plan {
  days: number;
  theft: boolean;
  /** Uniform in [0, 1). */
  random: () => number;
}

const refreshEverySeconds = 2.9 * 3600;
const workingDaySeconds = 8 * 3600;
const lossRate = 0.01;
const parallelRate = 0.05;

export async function live({ signIn, refresh, advance, alerted }: World, { days, theft, random }: Plan): Promise<Life> {
  const life: Life = { forcedLogins: 0, refreshes: 0, thiefAlive: false, alerted: false };
  let held = await signIn();
  let stolen: string | undefined;
  // A copy shows at its owner's next refresh: on the last day there may be none left.
  const stealsAt = theft ? Math.floor(random() * (days - 1) * 3) : -1;

  /** As the client does: an answer that was lost is asked for again a few seconds later. */
  async function refreshAsClient(): Promise<string | undefined> {
    life.refreshes++;
    const callers = random() < parallelRate ? 3 : 1;
    const answers = await Promise.all(Array.from({ length: callers }, () => refresh(held)));
    if (random() >= lossRate) return answers.at(-1);
    await advance(5 + Math.floor(random() * 20));
    return refresh(held);
  }

  let turn = 0;
  for (let day = 0; day < days; day++) {
    for (let second = 0; second < workingDaySeconds; second += refreshEverySeconds, turn++) {
      const next = await refreshAsClient();
      if (next === undefined && stolen === undefined) life.forcedLogins++;
      held = next ?? (await signIn());
      if (turn === stealsAt) stolen = held;
      await advance(Math.floor(random() * refreshEverySeconds));
      if (stolen !== undefined) stolen = (await refresh(stolen)) ?? 'dead';
      await advance(Math.floor(random() * refreshEverySeconds));
    }
    await advance(12 * 3600);
  }
  life.thiefAlive = stolen !== undefined && stolen !== 'dead' && (await refresh(stolen)) !== undefined;
  life.alerted = await alerted();
  return life;
}
