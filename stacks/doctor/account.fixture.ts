/** An account as its APIs tell of it, on loopback: what a check of an account reads, one answer each. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Account {
  zone: { name: string; private: boolean };
  certificate: { name: string; status: string; ends: number };
  environments: number;
  /** Versions of every secret; -1 where nothing was deployed yet. */
  secretVersions: number;
  /** Of Anthropic, active in Bedrock. */
  models: number;
  /** Answers 403 to everything but the identity. */
  closed: boolean;
}

export const goodAccount: Account = {
  zone: { name: 'acme.example.', private: false },
  certificate: { name: '*.acme.example', status: 'ISSUED', ends: Date.UTC(2030, 0, 1) / 1000 },
  environments: 1000,
  secretVersions: 1,
  models: 3,
  closed: false,
};

export async function startAccount(account: Account): Promise<{ url: string; close(): void }> {
  const server = createServer((request, response) => {
    request.resume();
    const target = String(request.headers['x-amz-target'] ?? '');
    const answer = (status: number, type: string, body: string) => response.writeHead(status, { 'content-type': type }).end(body);
    const json = (body: unknown, status = 200) => answer(status, 'application/x-amz-json-1.1', JSON.stringify(body));
    if (request.headers['content-type']?.startsWith('application/x-www-form-urlencoded'))
      return answer(
        200,
        'text/xml',
        `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:iam::000000000000:user/admin</Arn><UserId>AIDA</UserId><Account>000000000000</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`,
      );
    if (account.closed) return json({ __type: 'AccessDeniedException', message: 'not allowed' }, 403);
    if (request.url?.startsWith('/2013-04-01/hostedzone/'))
      return answer(
        200,
        'text/xml',
        `<GetHostedZoneResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><HostedZone><Id>/hostedzone/Z0123456789</Id><Name>${account.zone.name}</Name><CallerReference>1</CallerReference><Config><PrivateZone>${account.zone.private}</PrivateZone></Config></HostedZone></GetHostedZoneResponse>`,
      );
    if (target.startsWith('CertificateManager.'))
      return json({
        Certificate: { DomainName: account.certificate.name, Status: account.certificate.status, NotAfter: account.certificate.ends },
      });
    if (target.startsWith('secretsmanager.'))
      return account.secretVersions < 0
        ? json({ __type: 'ResourceNotFoundException', message: 'no such secret' }, 400)
        : json({ Versions: Array.from({ length: account.secretVersions }, (_, index) => ({ VersionId: `version-${index}` })) });
    if (request.url?.startsWith('/foundation-models'))
      return json({
        modelSummaries: Array.from({ length: account.models }, (_, index) => ({
          modelId: `anthropic.claude-${index}`,
          modelLifecycle: { status: 'ACTIVE' },
        })),
      });
    if (request.url?.includes('account-settings')) return json({ AccountLimit: { ConcurrentExecutions: account.environments } });
    return json({ __type: 'UnknownOperationException', message: `${target} ${request.url}` }, 400);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // a listening TCP server has one
  return { url: `http://127.0.0.1:${port}`, close: () => server.close() };
}
