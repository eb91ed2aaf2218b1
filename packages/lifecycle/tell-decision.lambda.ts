/**
 * Follows the table's stream: once a question is decided, the cases that wait for it are told, a few a second, so that a wave of a thousand does
 * not fall on the vendors at once. Each slice moves a mark in the question's row, and the stream comes back with the next.
 */

import { pause } from '@gatehouse/runtime/clock';
import { log } from '@gatehouse/runtime/log';
import { onRecords } from '@gatehouse/runtime/stream';
import * as z from 'zod';
import { Approval, toldTo, waiting } from './approval.dynamo.ts';
import { resume } from './resume.states.ts';

export const env = z.object({ TABLE_LIFECYCLE: z.string() });

const sliceCases = 25;
/** Four a second: each asks the directory, then every system at once. Sessions of a thousand are shut within some four minutes; what the vendors take is slower. */
const apartMs = 250;

export const handler = onRecords(env, async ({ name, keys, after }, { env }) => {
  if (name !== 'MODIFY' || keys.sk !== 'APPROVAL') return;
  const { id, state, told_to } = Approval.parse(after);
  if (told_to === undefined) return;
  const slice = await waiting(env.TABLE_LIFECYCLE, id, { after: told_to, limit: sliceCases });
  for (const { case_id, task_token } of slice) await resume({ case_id, task_token }, `${id} is ${state}`);
  if (slice.length === sliceCases) await pause(sliceCases * apartMs);
  const last = slice.at(-1);
  if (last) await toldTo(env.TABLE_LIFECYCLE, id, last.sk);
  log.info('decision told', { approval: id, state, cases: slice.length });
});
