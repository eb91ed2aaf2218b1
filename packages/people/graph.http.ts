/** How Microsoft Graph is asked: as an application of the tenant, by the client credentials grant. */
import { Misconfigured } from '@gatehouse/runtime/fault';
import { ask } from '@gatehouse/runtime/outside';
import { secret, secretAgain } from '@gatehouse/runtime/secret';
import * as z from 'zod';
import { keptToken, parse, type WebDirectory } from './web-directory.http.ts';

export interface Entra {
  issuer: string;
  tenant: string;
  client_id: string;
  /** Graph's origin. */
  url: string;
  login_url: string;
  /** ARN of the application's client secret. */
  secretArn: string;
}

const NotFound = z.object({ error: z.object({ code: z.literal('Request_ResourceNotFound') }) });
const Token = z.object({ access_token: z.string().min(1), expires_in: z.number() });

export function graphOf(entra: Entra): WebDirectory {
  return {
    name: 'Graph',
    url: entra.url,
    bearer: (again = false) => bearer(entra, again),
    saysNotFound: (status, json) => status === 404 && NotFound.safeParse(json).success,
    grant: 'the application User.Read.All and GroupMember.Read.All',
  };
}

function bearer({ tenant, client_id, login_url, url, secretArn }: Entra, again: boolean): Promise<string> {
  return keptToken(`${login_url} ${tenant} ${client_id}`, again, async () => {
    const form = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id,
      client_secret: await (again ? secretAgain(secretArn) : secret(secretArn)),
      scope: `${new URL(url).origin}/.default`,
    });
    const answer = await ask(`${login_url}/${encodeURIComponent(tenant)}/oauth2/v2.0/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: form.toString(),
      timeoutMs: 3_000,
      attempts: 2,
    });
    const token = Token.safeParse(answer.status === 200 ? parse(answer) : undefined);
    if (token.success) return token.data;
    throw new Misconfigured(
      `Entra ID gave the application no token (${answer.status}): put its client secret into the secret graph-client`,
    );
  });
}
