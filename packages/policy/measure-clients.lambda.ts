/** Measures, every hour, how many clients run under the policy that they were given and how many do not: for the company and by group. */
import { onEvent } from '@gatehouse/runtime/event';
import { type MetricRow, measure } from '@gatehouse/runtime/metric';
import * as z from 'zod';
import { readRoll } from './client-roll.records.ts';
import { type Counts, countsByGroup, countsOf } from './client-roll.ts';

export const env = z.object({ TABLE_POLICY: z.string().min(1), TABLE_PEOPLE: z.string().min(1), PUBLIC_URL: z.url() });

/** Each group is three custom metrics, paid for by the month. */
const groupsMeasured = 20;

export const handler = onEvent(
  { env, table: ({ TABLE_POLICY }) => TABLE_POLICY, consumer: 'measure-clients' },
  async (_event, { env, now }) => {
    const { document, roll } = await readRoll({ policy: env.TABLE_POLICY, people: env.TABLE_PEOPLE }, env.PUBLIC_URL);
    const groups = document ? countsByGroup(roll, document, groupsMeasured) : [];
    measure([rowOf({}, countsOf(roll)), ...groups.map(({ group, counts }) => rowOf({ group }, counts))], now);
  },
);

function rowOf(dimensions: MetricRow['dimensions'], { drifted, unmanaged, outdated, unproven, proven }: Counts): MetricRow {
  return {
    dimensions,
    values: {
      ClientsDrifted: { unit: 'Count', value: drifted },
      ClientsUnmanaged: { unit: 'Count', value: unmanaged },
      ClientsOutdated: { unit: 'Count', value: outdated },
    },
    properties: { unproven, proven },
  };
}
