/** Tells Slack and PagerDuty what was raised and what is over, by severity. Each channel hears on its own: one that is down holds up no other. */
import { OperationsConfig } from '@gatehouse/core/operations-profile';
import { alertCleared } from '@gatehouse/events/alert-cleared';
import { alertRaised } from '@gatehouse/events/alert-raised';
import { json } from '@gatehouse/runtime/environment';
import { onFact } from '@gatehouse/runtime/event';
import { Misconfigured, Throttled, Unavailable } from '@gatehouse/runtime/fault';
import { ask } from '@gatehouse/runtime/outside';
import { secret } from '@gatehouse/runtime/secret';
import * as z from 'zod';
import { type Notice, pagerdutyEvent, slackMessage } from './notice.ts';

const common = { TABLE_OPERATIONS: z.string(), CONFIG: json(OperationsConfig), PUBLIC_URL: z.string() };
export const env = z.object(common);
const slackEnv = z.object({ ...common, SECRET_SLACK_WEBHOOK_ARN: z.string() });
const pagerdutyEnv = z.object({ ...common, SECRET_PAGERDUTY_KEY_ARN: z.string() });

const facts = [alertRaised, alertCleared] as const;

export const slack = onFact(
  { env: slackEnv, table: ({ TABLE_OPERATIONS }) => TABLE_OPERATIONS, consumer: 'tell-slack' },
  facts,
  async (detail, { env, type }) => {
    if (!env.CONFIG.channels[detail.severity].includes('slack')) return;
    await send(await secret(env.SECRET_SLACK_WEBHOOK_ARN), slackMessage(noticeOf(detail, type)), 'slack-webhook');
  },
);

export const pagerduty = onFact(
  { env: pagerdutyEnv, table: ({ TABLE_OPERATIONS }) => TABLE_OPERATIONS, consumer: 'tell-pagerduty' },
  facts,
  async (detail, { env, type }) => {
    if (!env.CONFIG.channels[detail.severity].includes('pagerduty')) return;
    const routing_key = await secret(env.SECRET_PAGERDUTY_KEY_ARN);
    const event = pagerdutyEvent(noticeOf(detail, type), env.PUBLIC_URL);
    await send(`${env.CONFIG.pagerduty_url}/v2/enqueue`, { ...event, routing_key }, 'pagerduty-key');
  },
);

function noticeOf({ id: _, at: __, ...detail }: z.infer<typeof alertRaised.schema>, type: string): Notice {
  return { ...detail, state: type === alertRaised.type ? 'raised' : 'cleared' };
}

/** Throws Throttled and Unavailable, to be tried again, and Misconfigured where only the secret can mend it. Its address may be a secret: no error names it. */
async function send(url: string, message: unknown, secretName: string): Promise<void> {
  const { status } = await ask(url, { method: 'POST', json: message, timeoutMs: 5_000, attempts: 2 }).catch((error: Error) => {
    throw error.name === 'Throttled' ? new Throttled('The channel asks for less traffic') : new Unavailable('The channel did not answer');
  });
  if (status >= 300) throw new Misconfigured(`The channel answered ${status}: look at the secret ${secretName}`);
}
