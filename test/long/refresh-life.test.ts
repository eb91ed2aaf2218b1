/** Three hundred months of refreshing, through the real handlers and store on the stack's clock: half of them with a thief. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { live } from '../../packages/access/refresh-life.fixture.ts';
import { type Scene, startScene, worldOf } from '../../packages/access/scene.fixture.ts';
import { handler as token } from '../../packages/access/token.lambda.ts';

const runs = 300;
let scene: Scene;

beforeAll(async () => {
  scene = await startScene();
});
afterAll(() => scene.close());

describe('thirty days of refreshing', () => {
  it(`forces no honest sign-in and keeps no thief, in ${runs} runs`, async () => {
    const random = seeded(7);
    for (let run = 0; run < runs; run++) {
      const theft = run % 2 === 1;
      const email = theft ? 'bob@example.com' : 'alice@example.com';
      await scene.forget();
      const told = await live(worldOf(scene, token, email), { days: 29, theft, random });
      expect(told, `run ${run}`).toMatchObject({ forcedLogins: 0, thiefAlive: false, alerted: theft });
    }
  });
});

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return (state >>> 0) / 4_294_967_296;
  };
}
