/** The flags of `npm start` and `npm run demo`: read, checked and explained. Starts nothing. */
import { parseArgs } from 'node:util';

export interface Options {
  port: number;
  data: string;
  fresh: boolean;
  fast: boolean;
  /** One more OIDC issuer whose people may exchange tokens with audience `gatehouse`. */
  issuer?: string;
  help: boolean;
}

export const usage = `npm start -- [flags]

  --port P       first of four ports: gateway P, AWS endpoint P+1, identity provider P+2, outside systems P+3 (default 8787; 0 finds four free ones)
  --data DIR     where tables, keys and secrets are kept (default .gatehouse)
  --fresh        empty that folder first
  --fast         run the handlers in this process: quicker to start, no memory or time limits
  --issuer URL   trust one more OIDC issuer, with audience "gatehouse"
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
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const port = Number(values.port);
  if (!Number.isInteger(port) || (port !== 0 && port < 1024) || port > 65_532)
    throw new RangeError(`--port ${values.port}: write a number from 1024 to 65532, or 0 for any four free ports`);
  if (values.issuer !== undefined && !URL.canParse(values.issuer))
    throw new TypeError(`--issuer ${values.issuer}: write the issuer's whole URL, e.g. https://login.example.com`);
  return {
    port,
    data: values.data,
    fresh: values.fresh,
    fast: values.fast,
    help: values.help,
    ...(values.issuer !== undefined && { issuer: values.issuer }),
  };
}
