/** Where the OIDC provider keeps its sessions, codes and refresh tokens: memory only, so a restart signs everybody out of the IdP and nothing else. */
import type { Adapter, AdapterFactory, AdapterPayload } from 'oidc-provider';

interface Artifact {
  payload: AdapterPayload;
  expiresAt: number;
}

/** @param now stack time in milliseconds. */
export function createArtifacts(now: () => number): AdapterFactory {
  const everything = new Map<string, Artifact>();

  function alive(key: string): AdapterPayload | undefined {
    const artifact = everything.get(key);
    if (artifact && artifact.expiresAt > now()) return artifact.payload;
    everything.delete(key);
    return undefined;
  }

  function sweep(): void {
    for (const [key, artifact] of everything) if (artifact.expiresAt <= now()) everything.delete(key);
  }

  return (model) => {
    const find = (test: (payload: AdapterPayload) => boolean): AdapterPayload | undefined => {
      for (const key of [...everything.keys()]) {
        const payload = key.startsWith(`${model}:`) ? alive(key) : undefined;
        if (payload && test(payload)) return payload;
      }
      return undefined;
    };
    const adapter: Adapter = {
      async upsert(id, payload, expiresIn) {
        if (everything.size % 500 === 499) sweep();
        everything.set(`${model}:${id}`, {
          payload,
          expiresAt: expiresIn === undefined ? Number.POSITIVE_INFINITY : now() + expiresIn * 1000,
        });
      },
      async find(id) {
        return alive(`${model}:${id}`);
      },
      async findByUserCode(userCode) {
        return find((payload) => payload.userCode === userCode);
      },
      async findByUid(uid) {
        return find((payload) => payload.uid === uid);
      },
      async consume(id) {
        const payload = alive(`${model}:${id}`);
        if (payload) payload.consumed = Math.floor(now() / 1000);
      },
      async destroy(id) {
        everything.delete(`${model}:${id}`);
      },
      async revokeByGrantId(grantId) {
        for (const [key, artifact] of everything) if (artifact.payload.grantId === grantId) everything.delete(key);
      },
    };
    return adapter;
  };
}
