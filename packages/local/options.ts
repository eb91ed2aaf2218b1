/** The flags of `npm start` and `npm run demo`: read, checked and explained. Starts nothing. */
import { parseArgs } from 'node:util';

export interface Options {
  port: number;
  data: string;
  fresh: boolean;
  fast: boolean;
  /** One more OIDC issuer whose people may exchange tokens with audience `gatehouse`. */
  issuer?: string;
  /** How many times their real limits of calls the outside systems take, and ours are set to. */
  vendorLimits: number;
  help: boolean;
}

export const usage = `npm start -- [flags]

  --port P       first of four ports: gateway P, AWS endpoint P+1, identity provider P+2, outside systems P+3 (default 8787; 0 finds four free ones)
  --data DIR     where tables, keys and secrets are kept (default .gatehouse)
  --fresh        empty that folder first
  --fast         run the handlers in this process: quicker to start, no memory or time limits
  --issuer URL   trust one more OIDC issuer, with audience "gatehouse"
  --vendor-limits N
                 Okta and Anthropic take N times the calls a minute that the real ones take, 1 to 100 (default 50)
  --help         this page
`;

/** Throws a sentence for a flag that is unknown or wrong. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      port: { type: 'string', default: '8787' },
      data: { type: 'string', default: '.gatehouse' },
      fresh: { type: 'boolean', default: false },
      fast: { type: 'boolean', default: false },
      issuer: { type: 'string' },
      'vendor-limits': { type: 'string', default: '50' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const port = Number(values.port);
  if (!Number.isInteger(port) || (port !== 0 && port < 1024) || port > 65_532)
    throw new RangeError(`--port ${values.port}: write a number from 1024 to 65532, or 0 for any four free ports`);
  const vendorLimits = Number(values['vendor-limits']);
  if (!Number.isInteger(vendorLimits) || vendorLimits < 1 || vendorLimits > 100)
    throw new RangeError(`--vendor-limits ${values['vendor-limits']}: write a whole number from 1 to 100`);
  if (values.issuer !== undefined && !URL.canParse(values.issuer))
    throw new TypeError(`--issuer ${values.issuer}: write the issuer's whole URL, e.g. https://login.example.com`);
  return {
    port,
    data: values.data,
    fresh: values.fresh,
    fast: values.fast,
    vendorLimits,
    help: values.help,
    ...(values.issuer !== undefined && { issuer: values.issuer }),
  };
}
