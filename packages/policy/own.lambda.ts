/** `GET /v1/policy...`: a person's own policy, why it is so, and how other tools read it; about others only for administrators. */
import type { Effective, Subject } from '@gatehouse/rules/resolve';
import { type Caller, subjectOf } from '@gatehouse/runtime/admit';
import { findPerson } from '@gatehouse/runtime/find-person';
import { http, type Reply, type Request } from '@gatehouse/runtime/http';
import { log } from '@gatehouse/runtime/log';
import { apiWire } from '@gatehouse/runtime/wire';
import * as z from 'zod';
import { digest } from './canonical.ts';
import { noteDelivery } from './delivery-note.dynamodb.ts';
import { type Explanation, explain } from './explain.ts';
import { createNoted } from './last-served.ts';
import { type Refusal, tell } from './refusal.ts';
import { machineFile, policyHelperOutput } from './render/client-file.ts';
import { coderWorkspace } from './render/coder-workspace.ts';
import { litellmKey } from './render/litellm-key.ts';
import { shellSnippet } from './render/shell.ts';
import { delivery, heldIn, isCurrent, managedSettings } from './settings.ts';
import { documentAt } from './store.dynamodb.ts';
import { surface } from './surface.ts';

export const env = z.object({
  TABLE_ACCESS: z.string().min(1),
  TABLE_POLICY: z.string().min(1),
  TABLE_PEOPLE: z.string().min(1),
  PUBLIC_URL: z.url(),
});

type Env = z.infer<typeof env>;

const noted = createNoted();

export const handler = http(
  { surface, env, wire: apiWire },
  {
    own: async (_request, { env, caller }) => {
      const { version, effective } = policyOf(caller);
      const { body } = delivery(managedSettings(effective, { publicUrl: env.PUBLIC_URL }));
      const { person, email, name, groups } = caller;
      return { status: 200, body: { person, email, name, groups, version, effective, settings_checksum: body.checksum } };
    },

    rendering: async (request, { env, caller, now }) => {
      const { effective } = policyOf(caller);
      const kind = request.pathParameters.kind ?? '';
      if (kind === 'policy-helper') await noteHelper(env, request, caller, now);
      return render(kind, request, caller.person, effective, env.PUBLIC_URL);
    },

    explain: async (request, { env, caller }) => {
      const { version, effective } = policyOf(caller);
      const asked = request.query.get('person') ?? caller.person;
      const own = asked === caller.person || asked.toLowerCase() === caller.email.toLowerCase();
      if (!own && !effective.administers) return refused({ reason: 'not_yours' }, request);
      const document = await documentAt(env.TABLE_POLICY, version);
      if (!document) throw new TypeError(`Version ${version} is in force and cannot be read`);
      let status = 'active';
      let subject: Subject = subjectOf(caller);
      if (!own) {
        const found = await findPerson(env.TABLE_PEOPLE, asked);
        if (!found.ok) return refused(found.refusal, request);
        subject = { person: found.value.id, email: found.value.email, groups: found.value.groups };
        status = found.value.status;
      }
      // What if a build asked, or somebody on another way in.
      const asService = {
        service: request.query.get('service') ?? subject.service,
        environment: request.query.get('environment') ?? subject.environment,
      };
      subject = { ...subject, ...asService };
      const question = { model: request.query.get('model') ?? undefined, tool: request.query.get('tool') ?? undefined };
      const explanation: Explanation = explain(document, subject, question);
      return { status: 200, body: { ...subject, status, version, mode: document.mode, ...explanation } };
    },
  },
);

const kinds = ['policy-helper', 'managed-settings', 'litellm-key', 'coder-workspace', 'shell'];

function render(kind: string, request: Request, person: string, effective: Effective, publicUrl: string): Reply {
  switch (kind) {
    case 'policy-helper':
      return tagged(request, policyHelperOutput(effective, { publicUrl }), digest(managedSettings(effective, { publicUrl })));
    case 'managed-settings':
      return tagged(request, machineFile(effective, { publicUrl }), digest(machineFile(effective, { publicUrl })));
    case 'litellm-key': {
      const catalogue = (request.query.get('catalogue') ?? '').split(',').filter((name) => name !== '');
      return { status: 200, body: { key: litellmKey(effective, person, catalogue) ?? null } };
    }
    case 'coder-workspace':
      return { status: 200, body: { workspace: coderWorkspace(effective) ?? null } };
    case 'shell':
      return { status: 200, headers: { 'content-type': 'text/x-shellscript; charset=utf-8' }, body: shellSnippet(effective) };
    default:
      return refused({ reason: 'no_rendering', kind, known: kinds }, request);
  }
}

/** Files are fetched again and again: 304 when nothing changed. */
function tagged(request: Request, body: Readonly<Record<string, unknown>>, checksum: string): Reply {
  const headers = { etag: `"${checksum}"`, 'cache-control': 'private, no-cache' };
  return isCurrent(request.header('if-none-match'), headers.etag) ? { status: 304, headers } : { status: 200, headers, body };
}

/** For the proof of effect. A helper that cannot be noted is answered all the same. */
async function noteHelper(env: Env, request: Request, caller: Caller, nowMs: number): Promise<void> {
  const { person, session } = caller;
  const checksum = digest(managedSettings(policyOf(caller).effective, { publicUrl: env.PUBLIC_URL }));
  const held = heldIn(request.header('if-none-match'));
  if (!noted.isNew(session, `${checksum} ${held}`, nowMs)) return;
  try {
    await noteDelivery(env.TABLE_POLICY, { person, session, via: 'helper', checksum, held, clientVersion: undefined }, nowMs);
  } catch (error) {
    noted.forget(session);
    log.warn('delivery not noted', { person, error: error as Error });
  }
}

function policyOf(caller: Caller): NonNullable<Caller['policy']> {
  if (!caller.policy) throw new TypeError('A session route was reached without a policy');
  return caller.policy;
}

function refused(refusal: Refusal, request: Request): Reply {
  const { status, type, message, more } = tell(refusal);
  return { status, body: { type: 'error', error: { type, message, ...more }, request_id: request.requestId } };
}
