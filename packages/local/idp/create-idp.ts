/** The company's IdP on one port: OpenID Connect, the Okta read API, the `/directory` API that plays HR, and faults at `/_faults`. */
import { randomBytes } from 'node:crypto';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../clock.ts';
import { createFaults, type Faults } from '../outside/faults.ts';
import { isRecord, listener } from '../outside/http.ts';
import { limitsSystem, type Tally } from '../outside/rate-limit.ts';
import { createSnapshot } from '../outside/snapshot.ts';
import { createAuth0, type StreamEvent, streamEvent } from './auth0.ts';
import { type TrailEvent, trailEvent } from './aws-directories.ts';
import { type Change, createDirectory, type Directory, type DirectoryState, type Home, homeOf, type Person } from './directory.ts';
import { createEntra } from './entra.ts';
import { createGoogle, newKeyFile } from './google.ts';
import { hrSystem } from './hr.ts';
import { type IdTokenWish, loadSigningKey, signIdToken } from './id-token.ts';
import { createProvider } from './oidc.ts';
import { oktaSystem } from './okta.ts';
import { signInListener } from './sign-in.ts';
import { createSystemLog, type LogEntry, type PartnerEvent, partnerEvent } from './system-log.ts';

export interface IdpOptions {
  /** 0 takes any free port. */
  port: number;
  clock: Clock;
  /** Gets each event that the IdP's log stream would send; a change is answered only after it has returned. */
  emit(event: PartnerEvent): void | Promise<void>;
  /** Gets the events of Auth0's stream. */
  emitAuth0?(event: StreamEvent): void | Promise<void>;
  /** Gets CloudTrail's events of the people in AWS's own directories. */
  emitTrail?(event: TrailEvent): void | Promise<void>;
  /** Client secret of the application that reads Entra ID. Absent: nobody may. */
  entraSecret?: () => Promise<string>;
  /** Client secret of the application that reads Auth0. Absent: nobody may. */
  auth0Secret?: () => Promise<string>;
  /** Key file of the service account that reads Google Workspace. Absent: nobody may. */
  googleKeyFile?: () => Promise<string>;
  /** The directory reader's API token (`Authorization: SSWS <token>`). */
  directoryToken: string;
  /** Where sign-ins may return to; loopback addresses match on any port. */
  redirectUris: readonly string[];
  /** Absent: everything is forgotten at the end. */
  dataFolder?: string;
  clientSecret?: string;
  /** Name of the partner event source, as the partner bus is named. */
  partnerSource?: string;
  /** Of Auth0's. */
  auth0Source?: string;
  /** 1 is Okta's own number of calls a minute. */
  rateMultiplier?: number;
}

export interface Idp {
  server: Server;
  /** `http://127.0.0.1:<port>`, without a slash at the end. */
  issuer: string;
  directory: Directory;
  faults: Faults;
  signIdToken(person: Person, wish?: IdTokenWish): Promise<string>;
  close(): Promise<void>;
}

const partnerSource = 'aws.partner/okta.com/example/gatehouse';
const auth0Source = 'aws.partner/auth0.com/example/gatehouse';

export async function createIdp(options: IdpOptions): Promise<Idp> {
  const { clock, dataFolder } = options;
  const snapshot = createSnapshot(dataFolder, 'idp-directory.json', () => ({ ...directory.state(), log: log.entries() }));
  const saved = parseSaved(snapshot.load());
  const directory = createDirectory(() => clock.now(), saved);
  const log = createSystemLog(() => clock.now(), directory, saved?.log);
  const key = await loadSigningKey(dataFolder);
  if (!saved) await snapshot.save();

  async function publish(changes: readonly Change[], silent: boolean): Promise<void> {
    // Every identity provider has the company's groups.
    const at = (home: Home) =>
      silent
        ? []
        : changes.filter(({ eventType, person }) =>
            person ? homeOf(person) === home : home === 'okta' || eventType !== 'group.lifecycle.create',
          );
    const entries = at('okta').map((change) => log.append(change));
    if (changes.length > 0) await snapshot.save();
    for (const entry of entries) await options.emit(partnerEvent(entry, options.partnerSource ?? partnerSource));
    for (const home of ['cognito', 'identity-center'] as const)
      for (const change of at(home)) {
        const event = trailEvent(change, home, clock.now());
        if (event) await options.emitTrail?.(event);
      }
    for (const change of at('auth0')) {
      const event = streamEvent(change, options.auth0Source ?? auth0Source, clock.now());
      if (event) await options.emitAuth0?.(event);
    }
    google.log(at('google'));
    entra.record(changes);
    await entra.notify(at('entra'));
  }

  const faults = createFaults(clock);
  let handle: RequestListener = (_request, response) => response.writeHead(503).end();
  const server = createServer((request, response) => handle(request, response));
  const issuer = await listen(server, options.port);
  const sign = (person: Person, wish?: IdTokenWish) => signIdToken(key, issuer, directory, person, clock.now(), wish);

  const entra = createEntra({
    directory,
    now: () => clock.now(),
    origin: () => issuer,
    clientSecret: options.entraSecret ?? (() => Promise.resolve(randomBytes(32).toString('hex'))),
  });
  const google = createGoogle({
    directory,
    now: () => clock.now(),
    origin: () => issuer,
    keyFile: options.googleKeyFile ?? newKeyFile,
  });
  const auth0 = createAuth0({
    directory,
    now: () => clock.now(),
    clientSecret: options.auth0Secret ?? (() => Promise.resolve(randomBytes(32).toString('hex'))),
  });
  const provider = createProvider({
    issuer,
    directory,
    now: () => clock.now(),
    key,
    redirectUris: options.redirectUris,
    ...(options.clientSecret === undefined ? {} : { clientSecret: options.clientSecret }),
  });
  const oidc = provider.callback();
  const signIn = signInListener(provider, directory);
  const tally: Tally = new Map();
  const systems = [
    hrSystem({ directory, publish, signIdToken: sign }),
    entra.system,
    auth0,
    google.system,
    oktaSystem({
      directory,
      log,
      now: () => clock.now(),
      origin: () => issuer,
      token: options.directoryToken,
      rateMultiplier: options.rateMultiplier ?? 1,
      tally,
    }),
    limitsSystem(tally),
  ];
  handle = listener(systems, faults, (request, response) =>
    request.url?.startsWith('/interaction/') ? signIn(request, response) : oidc(request, response),
  );

  async function close(): Promise<void> {
    faults.clear();
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
  return { server, issuer, directory, faults, signIdToken: sign, close };
}

async function listen(server: Server, port: number): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve());
  });
  const { port: taken } = server.address() as AddressInfo;
  return `http://127.0.0.1:${taken}`;
}

function parseSaved(saved: unknown): (DirectoryState & { log: LogEntry[] }) | undefined {
  if (saved === undefined) return undefined;
  if (!isRecord(saved) || !Array.isArray(saved.people) || !Array.isArray(saved.groups) || !Array.isArray(saved.log)) {
    throw new Error('The saved directory is not one that this stack wrote; start with --fresh');
  }
  return { people: saved.people, groups: saved.groups, log: saved.log };
}
