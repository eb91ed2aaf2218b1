/** The model behind the vendors' stand-ins: which script a request gets, what was asked, and the control of both at `/_model`. Speaks no vendor's format. */
import type { Clock } from '../../clock.ts';
import { type Answer, type Call, isRecord, Refused, route, type System } from '../http.ts';
import { compose, type Message } from './message.ts';
import { parseScript, type Script, scriptFields, scriptInPrompt, type Vendor } from './script.ts';
import { createPromptCache, type PromptCache } from './tokens.ts';

/** A request as a vendor's door took it. */
export interface Asked {
  at: string;
  vendor: Vendor;
  path: string;
  /** Without what a credential is in: of that only the kind is kept. */
  headers: Readonly<Record<string, string>>;
  body: unknown;
  /** `left`: the caller went before the end; `cut`: the script ended it early. */
  outcome: 'open' | 'complete' | 'refused' | 'left' | 'cut';
  /** Deltas that have left so far. */
  deltas: number;
}

export interface Performance {
  script: Script;
  message: Message;
  asked: Asked;
}

export interface Model {
  control: System;
  /** Picks the script, composes the answer and takes the request down. @throws Refused by `refuse` when a script in the prompt is none. */
  begin(
    vendor: Vendor,
    call: Call,
    request: Readonly<Record<string, unknown>>,
    model: string,
    refuse: (message: string) => Answer,
  ): Performance;
}

const keptRequests = 200;
const credentials = ['authorization', 'x-api-key', 'x-amz-security-token', 'cookie'];

export function createModel(clock: Clock): Model {
  let scripts: Script[] = [];
  let asked: Asked[] = [];
  const caches = new Map<Vendor, PromptCache>();

  function cacheOf(vendor: Vendor): PromptCache {
    const cache = caches.get(vendor) ?? createPromptCache(() => clock.now());
    caches.set(vendor, cache);
    return cache;
  }

  function pick(vendor: Vendor, prompt: string): Script {
    const script = scripts.find(
      (one) => (one.vendor === undefined || one.vendor === vendor) && (one.when === undefined || prompt.includes(one.when)),
    );
    if (script?.times !== undefined) {
      script.times -= 1;
      if (script.times === 0) scripts = scripts.filter((one) => one !== script);
    }
    return script ?? {};
  }

  function begin(...[vendor, call, request, model, refuse]: Parameters<Model['begin']>): Performance {
    const prompt = lastPrompt(request);
    const inPrompt = scriptInPrompt(prompt);
    if (typeof inPrompt === 'string') throw new Refused(refuse(inPrompt));
    const script = inPrompt ?? pick(vendor, prompt);
    const taken: Asked = {
      at: new Date(clock.now()).toISOString(),
      vendor,
      path: call.path,
      headers: safeHeaders(call),
      body: call.body,
      outcome: 'open',
      deltas: 0,
    };
    asked = [...asked, taken].slice(-keptRequests);
    const usage = cacheOf(vendor)(model, request);
    return { script, asked: taken, message: compose(request, model, script, usage, vendor === 'bedrock' ? 'msg_bdrk_' : 'msg_') };
  }

  const shown = () => ({ scripts, fields: scriptFields(), in_a_prompt: '[[model {"text": "..."}]]' });
  const control: System = {
    prefix: '/_model',
    refuse: (status, message) => ({ status, body: { error: message } }),
    routes: [
      route('GET', '', () => ({ status: 200, body: shown() })),
      route('PUT', '', ({ body }) => {
        scripts = [scriptOf(body)];
        return { status: 200, body: shown() };
      }),
      route('POST', '', ({ body }) => {
        scripts = [...scripts, scriptOf(body)];
        return { status: 201, body: shown() };
      }),
      route('DELETE', '', () => {
        scripts = [];
        return { status: 200, body: shown() };
      }),
      route('GET', '/requests', () => ({ status: 200, body: { requests: asked } })),
      route('DELETE', '/requests', () => {
        asked = [];
        return { status: 200, body: { requests: asked } };
      }),
    ],
  };
  return { control, begin };
}

function scriptOf(body: unknown): Script {
  const script = parseScript(body);
  if (typeof script === 'string') throw new Refused({ status: 400, body: { error: `${script}; GET /_model lists the fields` } });
  return script;
}

/** The text of the last user message. */
function lastPrompt(request: Readonly<Record<string, unknown>>): string {
  const messages = Array.isArray(request.messages) ? request.messages : [];
  const last: unknown = messages.findLast((one: unknown) => isRecord(one) && one.role === 'user');
  if (!isRecord(last)) return '';
  if (typeof last.content === 'string') return last.content;
  const blocks: unknown[] = Array.isArray(last.content) ? last.content : [];
  return blocks.map((block) => (isRecord(block) && typeof block.text === 'string' ? block.text : '')).join('\n');
}

function safeHeaders({ headers }: Call): Record<string, string> {
  const kept = Object.entries(headers).filter(([name]) => !credentials.includes(name));
  const kind = headers['x-api-key'] === undefined ? (headers.authorization ?? '').split(' ')[0] : 'x-api-key';
  return { ...Object.fromEntries(kept.map(([name, value]) => [name, String(value)])), 'credential-kind': kind || 'none' };
}
