/** B10: what a month costs at list prices: with nobody there in one zone and in two, and each of two hundred developers. */
import { profileOf } from '../../stacks/profile.ts';
import { root } from '../support/sst-diff/environment.ts';
import { capturedGraph } from '../support/sst-diff/graph.ts';
import { developerHours, idleHours, measuring, ofProfile, running, standing, total } from './cost/bill.ts';
import { measureHours } from './cost/hour.ts';
import { atMost, type Measure } from './figure.ts';

const developers = 200;
const thousand = 1000;

export const measure: Measure = async (say) => {
  const { idle, developer, prompt } = await measureHours(say);
  say(
    `${thousand} requests of 30 s through the gateway: ${total(running({ ...prompt, scheduled: 0 }, thousand)).toFixed(2)} dollars, without their tokens`,
  );
  // Without the wall of the edge, which a profile asks for by itself.
  const fixed = async (stage: string, zones: number) =>
    total([
      ...standing(await capturedGraph(stage), zones).filter(({ priced }) => priced !== 'wall' && priced !== 'wallRule'),
      ...running(idle, idleHours),
      ...measuring(ofProfile(idle.metrics, profileOf(stage, root)), 0),
    ]);
  const each = total([...running(developer, developerHours), ...measuring(0, developer.metrics.size / developers)]);
  return {
    B10a: atMost(20, 'dollars a month', [await fixed('evaluation', 1)]),
    B10b: atMost(35, 'dollars a month', [await fixed('bundled', 2)]),
    B10c: atMost(0.25, 'dollars a developer and month', [each]),
  };
};
