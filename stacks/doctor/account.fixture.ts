/** An account as its APIs tell of it, on loopback: what a check of an account reads, one answer each. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Account {
  /** Undefined: there is none. */
  zone: { name: string; private: boolean } | undefined;
  certificate: { name: string; status: string; ends: number } | undefined;
  environments: number;
  /** Versions of every secret; -1 where nothing was deployed yet. */
  secretVersions: number;
  /** Of Anthropic, active in Bedrock. */
  models: number;
  /** Whether the account may call them. */
  modelsOpen: boolean;
  /** Answers 403 to everything but the identity. */
  closed: boolean;
}

export const goodCertificate = { name: '*.acme.example', status: 'ISSUED', ends: Date.UTC(2030, 0, 1) / 1000 };

export const goodAccount: Account = {
  zone: { name: 'acme.example.', private: false },
  certificate: goodCertificate,
  environments: 1000,
  secretVersions: 1,
  models: 3,
  modelsOpen: true,
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
    if (request.url?.startsWith('/2013-04-01/hostedzone/') && !account.zone)
      return answer(
        404,
        'text/xml',
        `<ErrorResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><Error><Type>Sender</Type><Code>NoSuchHostedZone</Code><Message>No hosted zone found</Message></Error></ErrorResponse>`,
      );
    if (request.url?.startsWith('/2013-04-01/hostedzone/') && account.zone)
      return answer(
        200,
        'text/xml',
        `<GetHostedZoneResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><HostedZone><Id>/hostedzone/Z0123456789</Id><Name>${account.zone.name}</Name><CallerReference>1</CallerReference><Config><PrivateZone>${account.zone.private}</PrivateZone></Config></HostedZone></GetHostedZoneResponse>`,
      );
    if (target.startsWith('CertificateManager.') && !account.certificate)
      return json({ __type: 'ResourceNotFoundException', message: 'Could not find certificate' }, 400);
    if (target.startsWith('CertificateManager.') && account.certificate)
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
          modelId: `anthropic.claude-opus-5-v${index}:0`,
          modelLifecycle: { status: 'ACTIVE' },
        })),
      });
    if (request.url?.startsWith('/foundation-model-availability/'))
      return json({
        modelId: decodeURIComponent(request.url.split('/')[2] ?? ''),
        agreementAvailability: { status: account.modelsOpen ? 'AVAILABLE' : 'NOT_AVAILABLE' },
        authorizationStatus: account.modelsOpen ? 'AUTHORIZED' : 'NOT_AUTHORIZED',
        entitlementAvailability: 'AVAILABLE',
        regionAvailability: 'AVAILABLE',
      });
    if (request.url?.includes('account-settings')) return json({ AccountLimit: { ConcurrentExecutions: account.environments } });
    return json({ __type: 'UnknownOperationException', message: `${target} ${request.url}` }, 400);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // a listening TCP server has one
  return { url: `http://127.0.0.1:${port}`, close: () => server.close() };
}
