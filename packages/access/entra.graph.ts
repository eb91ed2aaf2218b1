/**
 * Asks Microsoft Graph which groups somebody is in, when they are in too many for a token. The address is configured: what a token names as the place of
 * its groups (graph.windows.net, which is gone) is not looked at. Nothing is kept from one exchange to the next.
 */
import type { Issuer } from '@gatehouse/core/access-profile';
import { now } from '@gatehouse/runtime/clock';
import { Misconfigured, Unavailable } from '@gatehouse/runtime/fault';
import { type Answer, type Ask, ask } from '@gatehouse/runtime/outside';
import { secret } from '@gatehouse/runtime/secret';
import * as z from 'zod';
import { mayAsk } from './issuer-keys.ts';

/** All of it, within what a token endpoint's caller waits for. */
const allMs = 6_000;
const onceMs = 2_500;
/** A page holds hundreds; people are in at most 11,000 groups by Graph's own limit. */
const maxPages = 20;

const Token = z.looseObject({ access_token: z.string().min(1) });
const Page = z.looseObject({ value: z.array(z.string()), '@odata.nextLink': z.string().optional() });

export interface Whom {
  tenant: string;
  object: string;
}

/** Object ids of all groups, nested ones too. @throws Unavailable, Throttled; Misconfigured when Graph refuses the application. */
export async function memberGroups(
  graph: NonNullable<Issuer['graph']>,
  { tenant, object }: Whom,
  options: { secretArn: string; allowLoopbackHttp: boolean },
): Promise<string[]> {
  for (const url of [graph.url, graph.login_url])
    if (!mayAsk(url, options.allowLoopbackHttp)) throw new Misconfigured(`${url} is not https: mend access.issuers[].graph`);
  const until = now() + allMs;
  const bearer = await applicationToken(graph, tenant, await secret(options.secretArn), until);
  const first = `${graph.url}/users/${encodeURIComponent(object)}/getMemberObjects`;
  const groups = new Set<string>();
  let next: string | undefined = first;
  for (let page = 0; next !== undefined; page++) {
    if (page === maxPages) throw new Unavailable(`Microsoft Graph answered more than ${maxPages} pages of groups`);
    const headers = { authorization: `Bearer ${bearer}` };
    const answer = await within(until, next, page === 0 ? { method: 'POST', headers, json: { securityEnabledOnly: true } } : { headers });
    const read = readPage(answer);
    for (const group of read.value) groups.add(group);
    next = read['@odata.nextLink'];
    // The bearer goes nowhere but where it is meant for.
    if (next !== undefined && originOf(next) !== new URL(graph.url).origin)
      throw new Unavailable('Microsoft Graph named a next page on another host');
  }
  return [...groups];
}

async function applicationToken(graph: NonNullable<Issuer['graph']>, tenant: string, clientSecret: string, until: number): Promise<string> {
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: graph.client_id,
    client_secret: clientSecret,
    scope: `${new URL(graph.url).origin}/.default`,
  });
  const answer = await within(until, `${graph.login_url}/${encodeURIComponent(tenant)}/oauth2/v2.0/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: form.toString(),
  });
  if (answer.status !== 200)
    throw new Misconfigured(
      `Entra ID gave no token to the application ${graph.client_id} (${answer.status}): put its client secret into access/entra-graph`,
    );
  return parsed(Token, answer).access_token;
}

function readPage(answer: Answer): z.infer<typeof Page> {
  if (answer.status === 401 || answer.status === 403)
    throw new Misconfigured(
      'Microsoft Graph refuses the application: grant it User.Read.All and GroupMember.Read.All as application permissions',
    );
  if (answer.status !== 200) throw new Unavailable(`Microsoft Graph answered ${answer.status} to getMemberObjects`);
  return parsed(Page, answer);
}

function within(until: number, url: string, request: Ask): Promise<Answer> {
  const left = until - now();
  if (left <= 0) throw new Unavailable('Microsoft Graph took too long');
  return ask(url, { ...request, timeoutMs: Math.min(onceMs, left), attempts: left > 2 * onceMs ? 2 : 1 });
}

function parsed<S extends z.ZodType>(schema: S, answer: Answer): z.infer<S> {
  try {
    return schema.parse(answer.json());
  } catch (error) {
    throw new Unavailable('Entra ID or Microsoft Graph answered what it does not document', { cause: error });
  }
}

function originOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).origin : undefined;
}
