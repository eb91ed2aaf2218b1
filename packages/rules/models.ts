/** Which model a spelling means, and whether a list of patterns covers it. Knows no prices and no catalogue. */

export interface ModelName {
  /** Without provider, region, version mark, date and speed: `claude-opus-4-8`. */
  name: string;
  /** Snapshot, `20251001`. */
  date?: string;
  /** The identifier tells nothing about the model behind it, as with an application inference profile. */
  opaque: boolean;
}

const region = /^(?:us-gov|us|eu|apac|global|jp|au|ca)\./;
const provider = /^(?:anthropic|bedrock|vertex_ai|openrouter|litellm_proxy|converse|invoke)\//;
const dated = /^(.*?)[-@](20\d{6})$/;

/**
 * One name for the many spellings of a model: Bedrock ids and profiles (`us.anthropic.claude-haiku-4-5-20251001-v1:0`, ARNs), Vertex
 * (`claude-haiku-4-5@20251001`), long context (`[1m]`), speed (`-fast`), `-latest`, upper case, `claude-3.5-sonnet`.
 */
export function modelName(spelling: string): ModelName {
  let name = spelling.trim().toLowerCase();
  if (name.startsWith('arn:')) {
    if (name.includes('application-inference-profile')) return { name, opaque: true };
    name = name.slice(name.lastIndexOf('/') + 1);
  }
  while (provider.test(name)) name = name.replace(provider, '');
  name = name.replace(region, '').replace(/^anthropic\./, '');
  name = name.replace(/\[[^\]]*\]$/, '');
  if (name.includes('claude'))
    name = name
      .replace(/:\d+(?::\w+)?$/, '')
      .replace(/[-@]v\d+$/, '')
      .replaceAll('.', '-');
  name = name.replace(/-fast$/, '').replace(/[-@](?:latest|default)$/, '');
  const match = dated.exec(name);
  const bare = (match?.[1] ?? name).replace(/-fast$/, '');
  return { name: bare, ...(match?.[2] && { date: match[2] }), opaque: false };
}

/**
 * How a pattern covers a model. `opus` is a family; `claude-opus-4` and `opus-4` cover `claude-opus-4-8`; `*` is every model.
 * `undated`: the pattern names a snapshot and the model was asked for without one, so it may or may not be that snapshot.
 */
export function coversModel(pattern: string, spelling: string): 'yes' | 'undated' | 'no' {
  if (pattern === '*') return 'yes';
  const model = modelName(spelling);
  const wanted = modelName(pattern);
  if (model.opaque || wanted.opaque) return model.name === wanted.name ? 'yes' : 'no';
  if (!named(wanted.name, model.name)) return 'no';
  if (!wanted.date || wanted.date === model.date) return 'yes';
  return model.date ? 'no' : 'undated';
}

function named(pattern: string, model: string): boolean {
  if (begins(model, pattern)) return true;
  if (!model.startsWith('claude-') || pattern.startsWith('claude')) return false;
  return begins(model, `claude-${pattern}`) || model.split(/[^a-z0-9]+/).includes(pattern);
}

/** Whole words only: `claude-opus-4` begins `claude-opus-4-8`, not `claude-opus-45`. */
function begins(model: string, pattern: string): boolean {
  return model.startsWith(pattern) && !/^[a-z0-9]/.test(model.slice(pattern.length));
}

/** Under a prefix that we do not know, a Claude model is still taken for one where it is denied. */
function denies(pattern: string, spelling: string): boolean {
  if (coversModel(pattern, spelling) !== 'no') return true;
  const at = spelling.toLowerCase().lastIndexOf('claude-');
  return at > 0 && coversModel(pattern, spelling.slice(at)) !== 'no';
}

export interface ModelRules {
  /** Absent: every model that is not denied. */
  allow?: readonly string[] | undefined;
  deny: readonly string[];
}

export type ModelVerdict =
  | { allowed: true; because: 'unrestricted' }
  | { allowed: true; because: 'allowed'; pattern: string }
  | { allowed: false; because: 'denied'; pattern: string }
  | { allowed: false; because: 'not_listed' }
  | { allowed: false; because: 'unrecognised' };

/**
 * Whether the rules let a model be used. Deny beats allow. In doubt the answer is no: an undated name is covered by the denial of one of its
 * snapshots but not by the allowance of one, and a name that hides its model is refused wherever something is denied.
 */
export function mayUse(rules: ModelRules, spelling: string): ModelVerdict {
  for (const pattern of rules.deny) if (denies(pattern, spelling)) return { allowed: false, because: 'denied', pattern };
  if (
    rules.deny.length > 0 &&
    modelName(spelling).opaque &&
    !rules.allow?.some((pattern) => pattern !== '*' && coversModel(pattern, spelling) === 'yes')
  )
    return { allowed: false, because: 'unrecognised' };
  if (rules.allow === undefined) return { allowed: true, because: 'unrestricted' };
  for (const pattern of rules.allow) if (coversModel(pattern, spelling) === 'yes') return { allowed: true, because: 'allowed', pattern };
  return { allowed: false, because: 'not_listed' };
}
