/** `npm run cost`: what a profile costs a month, by list prices, line by line: what stands there, what it does by itself, and each developer. */
import { parseArgs } from 'node:util';
import type { Profile } from '@gatehouse/core/profile';
import { profileOf } from '../../stacks/profile.ts';
import { root } from '../support/sst-diff/environment.ts';
import { capturedGraph } from '../support/sst-diff/graph.ts';
import { developerHours, idleHours, type Line, measuring, ofProfile, running, standing, total } from './cost/bill.ts';
import { measureHours } from './cost/hour.ts';
import { type Price, peers, prices } from './cost/prices.ts';

const usage = `npm run cost -- --profile NAME [--developers N] [--json]

Captures the graph of stacks/profiles/NAME.yaml, counts an hour of the embedded stack, and multiplies by list prices of us-east-1.
  --developers N   200 when left out`;

const values = read() ?? refuse(usage, 2);
const people = Number(values.developers);
if (values.help) {
  console.log(usage);
  process.exit(0);
}
if (values.profile === undefined) refuse(usage, 2);
if (!Number.isInteger(people) || people < 1) refuse(`--developers: a whole number from 1 is expected, not "${values.developers}"`, 1);
const profile = readProfile(values.profile);
const { zones, network } = profile;
const graph = await capturedGraph(values.profile);
const { idle, developer, prompt } = await measureHours((line) => values.json || console.error(line));
const used = developer.metrics.size;
const sections = {
  'what stands there': standing(graph, network ? network.subnet_ids.length : zones),
  'what it does by itself': [...running(idle, idleHours), ...measuring(ofProfile(idle.metrics, profile), 0).slice(0, 1)],
  [`${people} developers`]: [...running(developer, developerHours * people), ...measuring(0, used).slice(1)],
};
if (values.json) {
  const told = Object.entries(sections).map(([name, lines]) => ({
    name,
    dollars: total(lines),
    lines: lines.map((one) => ({ ...one, price: prices[one.priced] })),
  }));
  console.log(JSON.stringify({ profile: values.profile, developers: people, sections: told }, undefined, 2));
} else {
  const money = (dollars: number) => dollars.toFixed(2).padStart(9);
  const mark = ({ read }: Price) => (read === undefined ? '?' : read.by === 'AWS' ? ' ' : '*');
  const row = ({ what, priced, count, dollars }: Line) =>
    `${money(dollars)}${mark(prices[priced])} ${what}: ${Number(count.toPrecision(4)).toLocaleString('en')} x ${prices[priced].per}`;
  for (const [name, lines] of Object.entries(sections))
    console.log(`${money(total(lines))}  ${name}\n${lines.map((one) => `   ${row(one)}`).join('\n')}`);
  console.log(`${money(total(Object.values(sections).flat()))}  a month, before any prompt and any traffic of the company's own network`);
  const inference = total(running({ ...prompt, scheduled: 0 }, 1000));
  console.log(`${money(inference)}  1,000 requests of 30 s through the gateway, apart, without their tokens`);
  for (const { name, dollars } of peers) console.log(`${money(dollars)}  ${name}, without people`);
  console.log(
    `A developer works ${developerHours} hours a month. Prices: without a mark as AWS states them, * as others wrote them down, ? could not be read again; test/bench/cost/prices.ts names page and month of each.`,
  );
}

function read() {
  try {
    return parseArgs({
      options: {
        profile: { type: 'string' },
        developers: { type: 'string', default: '200' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch {
    return undefined;
  }
}

function readProfile(stage: string): Profile {
  try {
    return profileOf(stage, root);
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error), 1);
  }
}

function refuse(says: string, code: 1 | 2): never {
  console.error(says);
  process.exit(code);
}
