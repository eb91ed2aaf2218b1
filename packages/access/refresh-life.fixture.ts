/** Thirty days of one developer and, perhaps, one thief, through the real handlers on the stack's clock: lost answers, parallel refreshes, one copied file. */
import { call, type Entry, type Scene } from './scene.fixture.ts';

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
  email: string;
  days: number;
  theft: boolean;
  /** Uniform in [0, 1). */
  random: () => number;
}

const refreshEverySeconds = 2.9 * 3600;
const workingDaySeconds = 8 * 3600;
const lossRate = 0.01;
const parallelRate = 0.05;

export async function live(scene: Scene, token: Entry, { email, days, theft, random }: Plan): Promise<Life> {
  const post = (json: unknown, alias: 'verify' | 'refresh') => call(token, `POST /auth/${alias}`, { json });
  const signIn = async (): Promise<string> => (await post({ token: await scene.idToken(email) }, 'verify')).json.refresh_token;
  const refresh = async (refresh_token: string): Promise<string | undefined> => {
    const told = await post({ refresh_token }, 'refresh');
    return told.status === 200 ? told.json.refresh_token : undefined;
  };
  const life: Life = { forcedLogins: 0, refreshes: 0, thiefAlive: false, alerted: false };
  let held = await signIn();
  let stolen: string | undefined;
  const stealsAt = theft ? Math.floor(random() * days * 3) : -1;

  /** As the client does: an answer that was lost is asked for again a few seconds later. */
  async function refreshAsClient(): Promise<string | undefined> {
    life.refreshes++;
    const callers = random() < parallelRate ? 3 : 1;
    const answers = await Promise.all(Array.from({ length: callers }, () => refresh(held)));
    if (random() >= lossRate) return answers.at(-1);
    scene.aws.clock.advance(5 + Math.floor(random() * 20));
    return refresh(held);
  }

  let turn = 0;
  for (let day = 0; day < days; day++) {
    for (let second = 0; second < workingDaySeconds; second += refreshEverySeconds, turn++) {
      const next = await refreshAsClient();
      if (next === undefined && stolen === undefined) life.forcedLogins++;
      held = next ?? (await signIn());
      if (turn === stealsAt) stolen = held;
      scene.aws.clock.advance(Math.floor(random() * refreshEverySeconds));
      if (stolen !== undefined) stolen = (await refresh(stolen)) ?? 'dead';
      scene.aws.clock.advance(Math.floor(random() * refreshEverySeconds));
    }
    scene.aws.clock.advance(12 * 3600);
  }
  life.thiefAlive = stolen !== undefined && stolen !== 'dead' && (await refresh(stolen)) !== undefined;
  const facts = (await scene.rows('OUTBOX#')).filter(({ type }) => type === 'refresh-reused');
  life.alerted = facts.some(({ detail }) => String(detail).includes(scene.person(email)));
  return life;
}
