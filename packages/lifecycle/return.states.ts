/** Ends a case's grace when the directory, read now, says that its person is back and entitled. What an event says is not enough. */
import { confirmTruth } from '@gatehouse/contracts/steps/people';
import { callStep } from '@gatehouse/runtime/call';
import { Unavailable } from '@gatehouse/runtime/fault';
import { waitingCase } from './grace.dynamo.ts';
import { resume } from './resume.states.ts';

export async function resumeIfBack(env: { TABLE_LIFECYCLE: string; STEP_CONFIRM_TRUTH_ARN: string }, person: string): Promise<void> {
  const waiting = await waitingCase(env.TABLE_LIFECYCLE, person);
  if (!waiting) return;
  const { truth, detail, entitled } = await callStep(confirmTruth, env.STEP_CONFIRM_TRUTH_ARN, { case_id: waiting.case_id, person });
  if (truth === 'unreadable') throw new Unavailable(`Whether ${person} is back cannot be read: ${detail}`);
  if (truth === 'active' && entitled) await resume(waiting, `the directory says ${detail}`);
}
