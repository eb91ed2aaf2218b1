/** Which headers pass the gateway: all but those that belong to one connection, to who asks whom, or to us. Betas travel with the bodies that use them. */

/** One hop's own (RFC 9110 section 7.6.1), and what is made anew for each hop. */
const hop = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'host',
  'content-length',
  'content-encoding',
  'accept-encoding',
  'expect',
  'date',
]);

/** Who asks us, and by which way: no business of upstream's. */
const inbound = new Set([
  'authorization',
  'x-api-key',
  'cookie',
  'forwarded',
  'via',
  'x-real-ip',
  'x-request-id',
  'anthropic-workspace-id',
]);
const inboundPrefixes = ['x-forwarded-', 'x-amz-', 'x-amzn-', 'cloudfront-', 'sec-', 'x-claude-code-managed-settings-'];

/** Upstream's dealings with us: its own limits would be taken for the person's. */
const outbound = new Set(['set-cookie', 'request-id', 'x-request-id', 'server', 'via', 'alt-svc', 'www-authenticate', 'x-api-key']);
const outboundPrefixes = [
  'anthropic-ratelimit-',
  'anthropic-organization-',
  'cf-',
  'x-envoy-',
  'x-amz-',
  'x-amzn-',
  'strict-transport-',
  'access-control-',
];

export function towardsUpstream(headers: ReadonlyMap<string, string>): Record<string, string> {
  return kept(headers, inbound, inboundPrefixes);
}

/** @param keepAmazon where the client speaks Bedrock itself and reads Bedrock's own headers. */
export function towardsClient(headers: ReadonlyMap<string, string>, keepAmazon = false): Record<string, string> {
  const prefixes = keepAmazon ? outboundPrefixes.filter((prefix) => prefix !== 'x-amzn-') : outboundPrefixes;
  return kept(headers, outbound, prefixes);
}

function kept(headers: ReadonlyMap<string, string>, dropped: ReadonlySet<string>, prefixes: readonly string[]): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const [name, value] of headers)
    if (!hop.has(name) && !dropped.has(name) && !prefixes.some((prefix) => name.startsWith(prefix))) passed[name] = value;
  return passed;
}
