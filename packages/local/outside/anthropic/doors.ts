/** The two doors to the Messages API: Anthropic's own, by API key, and Claude Platform on AWS, by signature or key and with a workspace. */
import type { Clock } from '../../clock.ts';
import type { Answer, Call, Route, System } from '../http.ts';
import { messagesBodyBytes, messagesRoutes } from './messages.ts';
import type { Model } from './model.ts';
import { errorType, problem } from './refusal.ts';
import { isSigned, wrongSignature } from './sigv4.ts';

export interface ModelKeys {
  anthropic: string;
  /** Of Claude Platform on AWS. */
  awsExternalAnthropic: string;
  workspaceId: string;
  bedrock: string;
}

/** What the embedded company uses; it opens nothing outside of this process. */
export const localModelKeys: ModelKeys = {
  anthropic: 'sk-ant-api03-local',
  awsExternalAnthropic: 'aws-external-anthropic-api-key-local',
  workspaceId: 'wrkspc_01local',
  bedrock: 'bedrock-api-key-local',
};

interface Context {
  clock: Clock;
  model: Model;
  keys: ModelKeys;
}

/** @param more routes of the same system, e.g. the organization's own. */
export function createMessagesApi({ clock, model, keys }: Context, more: readonly Route[] = []): System {
  function admit(call: Call): Answer | undefined {
    const key = keyOf(call);
    if (key === keys.anthropic) return undefined;
    return problem(401, 'authentication_error', key === undefined ? 'x-api-key header is required' : 'invalid x-api-key');
  }
  return system('/anthropic', [...more, ...messagesRoutes({ vendor: 'anthropic', model, clock, admit })]);
}

/** `https://aws-external-anthropic.{region}.api.aws`; a key goes before a signature. */
export function createPlatformOnAws({ clock, model, keys }: Context): System {
  function admit(call: Call): Answer | undefined {
    const key = keyOf(call);
    if (key !== undefined && key !== keys.awsExternalAnthropic) return problem(401, 'authentication_error', 'invalid x-api-key');
    if (key === undefined) {
      if (!isSigned(call)) return problem(403, 'permission_error', 'Missing Authentication Token');
      const wrong = wrongSignature(call, 'aws-external-anthropic', ['anthropic-workspace-id']);
      if (wrong !== undefined) return problem(403, 'permission_error', wrong);
    }
    const workspace = call.headers['anthropic-workspace-id'];
    if (workspace === undefined) return problem(400, 'invalid_request_error', 'anthropic-workspace-id: header is required');
    if (workspace !== keys.workspaceId) return problem(404, 'not_found_error', `workspace: ${String(workspace)}`);
    return undefined;
  }
  return system('/aws-external-anthropic', messagesRoutes({ vendor: 'aws-external-anthropic', model, clock, admit }));
}

/** In `x-api-key`, or as a bearer token, which is how Anthropic's clients send it since their first major version. */
function keyOf({ headers }: Call): string | undefined {
  const key = headers['x-api-key'];
  return typeof key === 'string' ? key : /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1];
}

function system(prefix: string, routes: Route[]): System {
  return { prefix, routes, maxBodyBytes: messagesBodyBytes, refuse: (status, message) => problem(status, errorType(status), message) };
}
