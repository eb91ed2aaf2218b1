/** The issuers as one environment knows them: their discovery documents and keys, fetched from configured addresses alone, never from one that a token names. */
import type { AccessConfig, Issuer } from '@gatehouse/core/access-profile';
import { Unavailable } from '@gatehouse/runtime/fault';
import { log } from '@gatehouse/runtime/log';
import { ask } from '@gatehouse/runtime/outside';
import {
  type Discovery,
  discoveryUrl,
  type IssuerJwk,
  type KeySet,
  maxDocumentBytes,
  mayAsk,
  readDiscovery,
  readKeySet,
} from './issuer-keys.ts';
import { type Kept, keep } from './kept.ts';

export interface Issuers {
  /** The key of that name, undefined when the issuer has none. @throws Unavailable when its keys cannot be had at all. */
  keyOf(issuer: Issuer, kid: string, nowMs: number): Promise<IssuerJwk | undefined>;
  /** @throws Unavailable when the document cannot be had. */
  discoveryOf(issuer: string, nowMs: number): Promise<Discovery>;
}

export function createIssuers(config: Pick<AccessConfig, 'allow_loopback_http'>): Issuers {
  const discoveries = new Map<string, Kept<Discovery>>();
  const keySets = new Map<string, Kept<KeySet>>();

  async function discoveryOf(issuer: string, nowMs: number): Promise<Discovery> {
    const kept = remembered(discoveries, issuer, () =>
      keep(() => fetchJson(discoveryUrl(issuer), (body) => readDiscovery(body, issuer, config.allow_loopback_http))),
    );
    const document = await kept.read(nowMs);
    if (!document) throw new Unavailable(`The discovery document of ${issuer} cannot be read`);
    return document;
  }

  async function fetchJson<T>(url: string, read: (body: unknown) => T): Promise<T> {
    if (!mayAsk(url, config.allow_loopback_http)) throw new RangeError(`${url} is not https`);
    try {
      // One try: the keeping decides when the next one is.
      const answer = await ask(url, { attempts: 1, timeoutMs: 3_000 });
      if (answer.status !== 200) throw new RangeError(`it answered ${answer.status}`);
      if (answer.text.length > maxDocumentBytes) throw new RangeError(`it answered more than ${maxDocumentBytes} bytes`);
      return read(answer.json());
    } catch (error) {
      log.warn('issuer document not fetched', { url, error: error as Error });
      throw new Unavailable(`${url} gave no usable answer`, { cause: error });
    }
  }

  function keysOf(issuer: Issuer): Kept<KeySet> {
    return remembered(keySets, issuer.issuer, () =>
      keep(async (before, nowMs) => {
        const url = issuer.jwks_uri ?? (await discoveryOf(issuer.issuer, nowMs)).jwks_uri;
        const set = await fetchJson(url, (body) => readKeySet(body, before));
        if (set.swapped.length > 0)
          log.error('an issuer changed a key and kept its name: refused', { issuer: issuer.issuer, kids: set.swapped });
        return set;
      }),
    );
  }

  return {
    discoveryOf,
    async keyOf(issuer, kid, nowMs) {
      const kept = keysOf(issuer);
      const set = await kept.read(nowMs);
      const known = set?.keys.get(kid);
      if (known) return known;
      const again = await kept.read(nowMs, { fresher: true });
      if (!again) throw new Unavailable(`The keys of ${issuer.issuer} cannot be read`);
      return again.keys.get(kid);
    },
  };
}

function remembered<T>(known: Map<string, T>, name: string, make: () => T): T {
  const found = known.get(name) ?? make();
  known.set(name, found);
  return found;
}
