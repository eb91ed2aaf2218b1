/** Says why somebody may or may not: which rule, of which policy, by which group, and what would change the answer. Decides nothing itself. */
import type { Match, PolicyDocument } from '@gatehouse/rules/document';
import { mayUse, modelName } from '@gatehouse/rules/models';
import { type Effective, type Layer, layersOf, matches, resolve, type Subject } from '@gatehouse/rules/resolve';
import { covers } from '@gatehouse/rules/tools';

export interface Answer {
  asked: string;
  decision: 'allowed' | 'denied' | 'asks' | 'unrestricted';
  /** The pattern or rule that decided, as the document has it. */
  rule?: string;
  /** `models.allow`, `tools.deny`, ... */
  section?: string;
  /** The policy, or `base`. */
  policy?: string;
  /** The caller's groups by which that policy matched. */
  groups?: string[];
  because: string;
  /** Each tried on the document: it would change the decision. At most ten. */
  would_change: string[];
  /** Rules that speak of some calls of the tool only. */
  partly?: { rule: string; section: string; policy: string }[];
}

export interface Explanation {
  admitted: boolean;
  administers: boolean;
  because: string;
  /** Every policy of the document in its order. */
  policies: { name: string; matches: boolean; applies: boolean; because: string }[];
  /** Which layer said what. */
  sources: Record<string, string[]>;
  model?: Answer;
  tool?: Answer;
}

export interface Question {
  model?: string | undefined;
  tool?: string | undefined;
}

export function explain(document: PolicyDocument, subject: Subject, question: Question): Explanation {
  const effective = resolve(document, subject);
  return {
    admitted: effective.admitted,
    administers: effective.administers,
    because: admission(effective),
    policies: document.policies.map((policy) => {
      const hit = matches(policy.match, subject);
      const applies = effective.matched.includes(policy.name);
      return { name: policy.name, matches: hit, applies, because: reason(policy.match, subject, hit, applies, effective.matched[0]) };
    }),
    sources: effective.sources,
    ...(question.model !== undefined && { model: explainModel(document, subject, question.model) }),
    ...(question.tool !== undefined && { tool: explainTool(document, subject, question.tool) }),
  };
}

function admission({ admitted, matched, sources }: Effective): string {
  if (admitted) return `admitted by ${matched.map(quote).join(', ')}`;
  return sources.admitted ? `refused by ${sources.admitted.map(quote).join(', ')}` : 'no policy matches, and the base admits nobody';
}

function reason(match: Match, subject: Subject, hit: boolean, applies: boolean, first?: string): string {
  if (!hit) return missing(match, subject);
  const by = match.everyone ? 'it is for everyone' : conditions(match, subject).join(' and ');
  return applies ? by : `${by}, but ${quote(first ?? '')} matched before it`;
}

function conditions(match: Match, subject: Subject): string[] {
  const shared = match.groups?.filter((group) => subject.groups.includes(group)) ?? [];
  return [
    ...(shared.length > 0 ? [`the groups hold ${shared.map(quote).join(', ')}`] : []),
    ...(match.email_domains ? [`the address is at ${subject.email.slice(subject.email.lastIndexOf('@') + 1)}`] : []),
    ...(match.persons ? ['the person is named'] : []),
    ...(match.services ? [`the service is ${quote(subject.service ?? '')}`] : []),
    ...(match.environments ? [`the environment is ${quote(subject.environment ?? '')}`] : []),
  ];
}

function missing(match: Match, subject: Subject): string {
  const absent: string[] = [];
  const lacks = (part: Match) => !matches(part, subject);
  if (match.groups && lacks({ groups: match.groups })) absent.push(`none of the groups ${match.groups.map(quote).join(', ')}`);
  if (match.email_domains && lacks({ email_domains: match.email_domains })) absent.push(`no address at ${match.email_domains.join(', ')}`);
  if (match.persons && lacks({ persons: match.persons })) absent.push('not a person named');
  if (match.services && lacks({ services: match.services })) absent.push(`not the service ${match.services.map(quote).join(', ')}`);
  if (match.environments && lacks({ environments: match.environments })) absent.push(`not in ${match.environments.map(quote).join(', ')}`);
  return absent.join(' and ');
}

function explainModel(document: PolicyDocument, subject: Subject, asked: string): Answer {
  const effective = resolve(document, subject);
  const allowed = (of: Effective) => of.admitted && mayUse(of.models, asked).allowed;
  const changes = wouldChange(document, subject, allowed);
  if (!effective.admitted) return { asked, decision: 'denied', because: admission(effective), would_change: changes };
  const layers = layersOf(document, subject);
  const verdict = mayUse(effective.models, asked);
  const means = modelName(asked).name;
  switch (verdict.because) {
    case 'denied': {
      const layer = layers.find(({ content }) => content.models?.deny?.includes(verdict.pattern));
      const edit = `removing ${quote(verdict.pattern)} from models.deny of ${quote(layer?.name ?? 'base')}`;
      const found = told(
        asked,
        'denied',
        verdict.pattern,
        'models.deny',
        layer,
        subject,
        `${means} is denied by ${quote(verdict.pattern)}`,
      );
      return { ...found, would_change: [...changes, edit].slice(0, 10) };
    }
    case 'allowed': {
      const layer = layers.find(({ content }) => content.models?.allow);
      const found = told(
        asked,
        'allowed',
        verdict.pattern,
        'models.allow',
        layer,
        subject,
        `${means} is allowed by ${quote(verdict.pattern)}`,
      );
      return { ...found, would_change: changes };
    }
    case 'not_listed': {
      const layer = layers.find(({ content }) => content.models?.allow);
      const listed = effective.models.allow?.map(quote).join(', ') || 'nothing';
      const found = told(asked, 'denied', undefined, 'models.allow', layer, subject, `${means} is not among what is allowed: ${listed}`);
      return {
        ...found,
        would_change: [...changes, `adding ${quote(means)} to models.allow of ${quote(layer?.name ?? 'base')}`].slice(0, 10),
      };
    }
    case 'unrecognised':
      return {
        asked,
        decision: 'denied',
        because: 'the name hides which model it is, and some models are denied',
        would_change: [...changes, 'adding exactly this name to models.allow'].slice(0, 10),
      };
    case 'unrestricted':
      return { asked, decision: 'unrestricted', because: 'no layer restricts models', would_change: changes };
  }
}

const lists = [
  ['deny', 'denied'],
  ['ask', 'asks'],
  ['allow', 'allowed'],
] as const;

function toolDecision(
  effective: Effective,
  tool: string,
): { decision: Answer['decision']; list?: 'deny' | 'ask' | 'allow'; rule?: string } {
  if (!effective.admitted) return { decision: 'denied' };
  for (const [list, decision] of lists) {
    const rule = effective.tools[list].find((one) => covers(one, tool) === 'all');
    if (rule) return { decision, list, rule };
  }
  return { decision: 'unrestricted' };
}

function explainTool(document: PolicyDocument, subject: Subject, asked: string): Answer {
  const effective = resolve(document, subject);
  const { decision, list, rule } = toolDecision(effective, asked);
  const changes = wouldChange(document, subject, (of) => toolDecision(of, asked).decision);
  if (!effective.admitted) return { asked, decision, because: admission(effective), would_change: changes };
  const layers = layersOf(document, subject);
  const owner = (of: 'deny' | 'ask' | 'allow', which: string) => layers.find(({ content }) => content.tools?.[of]?.includes(which));
  const partly = lists.flatMap(([of]) =>
    effective.tools[of]
      .filter((one) => covers(one, asked) === 'some')
      .map((one) => ({ rule: one, section: `tools.${of}`, policy: owner(of, one)?.name ?? 'base' })),
  );
  const more = partly.length > 0 ? { partly } : {};
  if (!list || !rule)
    return { asked, decision, because: "no rule covers it: the client's own permission mode decides", would_change: changes, ...more };
  const layer = owner(list, rule);
  const found = told(asked, decision, rule, `tools.${list}`, layer, subject, `${quote(rule)} covers it`);
  const edit = `removing ${quote(rule)} from tools.${list} of ${quote(layer?.name ?? 'base')}`;
  return { ...found, would_change: [...changes, edit].slice(0, 10), ...more };
}

function told(
  asked: string,
  decision: Answer['decision'],
  rule: string | undefined,
  section: string,
  layer: Layer | undefined,
  subject: Subject,
  what: string,
): Answer {
  const groups = layer?.policy?.match.groups?.filter((group) => subject.groups.includes(group)) ?? [];
  const where = layer?.policy ? `policy ${quote(layer.name)}` : 'the base';
  const by = groups.length > 0 ? `, which applies because the groups hold ${groups.map(quote).join(', ')}` : '';
  return {
    asked,
    decision,
    ...(rule !== undefined && { rule }),
    section,
    policy: layer?.name ?? 'base',
    groups,
    because: `${what}, says ${section} of ${where}${by}`,
    would_change: [],
  };
}

/** Joining or leaving one group, tried on the document itself. */
function wouldChange(document: PolicyDocument, subject: Subject, decide: (effective: Effective) => unknown): string[] {
  const now = decide(resolve(document, subject));
  const named = new Set(document.policies.flatMap(({ match }) => match.groups ?? []));
  const changes: string[] = [];
  for (const group of named) {
    const member = subject.groups.includes(group);
    const groups = member ? subject.groups.filter((one) => one !== group) : [...subject.groups, group];
    const then = resolve(document, { ...subject, groups });
    if (decide(then) === now) continue;
    const outcome = then.admitted ? `: ${then.matched.map(quote).join(', ')} would apply` : ': no policy would apply';
    changes.push(`${member ? 'leaving' : 'joining'} the group ${quote(group)}${outcome}`);
    if (changes.length === 9) break;
  }
  return changes;
}

function quote(name: string): string {
  return `"${name}"`;
}
