/** Evaluates `{% JSONata %}` in templates, with Step Functions' own functions added. Knows nothing of states or history. */
import { createHash } from 'node:crypto';
import jsonata from 'jsonata';
import { EvaluationFault } from './fault.ts';
import { type Json, type JsonObject, toJson } from './json.ts';

export interface Evaluator {
  /**
   * The template with every expression replaced by its value; expressions see the variables and `$states`.
   * Throws EvaluationFault, whose location is `field` plus the path inside the template.
   */
  evaluate(template: Json, field: string, variables: JsonObject, states: Readonly<Record<string, unknown>>): Promise<Json>;
  /** Throws when the text is not JSONata; compiles it for later. */
  compile(expression: string): void;
}

/** The whole string is one expression: `{%` first and `%}` last, no space around them. */
export function isExpression(text: string): boolean {
  return text.startsWith('{%') && text.endsWith('%}') && text.length >= 4;
}
export function expressionText(text: string): string {
  return text.slice(2, -2).trim();
}

/** A cap for a process that runs for weeks while definitions are being edited. */
const maxCompiled = 5_000;
/** Stops an expression that recurses or loops for ever from taking the process with it. */
const limits = { stack: 2_000, timeout: 10_000 };

export function createEvaluator(options: { now: () => number; random: () => number; uuid: () => string }): Evaluator {
  const compiled = new Map<string, jsonata.Expression>();
  const formatDate = jsonata('$fromMillis($at, $picture, $zone)');

  function compile(text: string): jsonata.Expression {
    const known = compiled.get(text);
    if (known) return known;
    const expression = jsonata(text, limits);
    expression.registerFunction('partition', partition, '<an:a>');
    expression.registerFunction('range', range, '<nnn:a>');
    expression.registerFunction('hash', hash, '<ss:s>');
    expression.registerFunction('parse', (text: string) => JSON.parse(text), '<s:x>');
    expression.registerFunction('uuid', options.uuid, '<:s>');
    expression.registerFunction('random', (seed?: number) => (seed === undefined ? options.random() : seeded(seed)), '<n?:n>');
    expression.registerFunction('millis', () => Math.trunc(options.now()), '<:n>');
    expression.registerFunction('now', (picture?: string, zone?: string) => now(picture, zone), '<s?s?:s>');
    // Step Functions has no $eval: an unknown function, as any other.
    expression.assign('eval', undefined);
    if (compiled.size >= maxCompiled) compiled.clear();
    compiled.set(text, expression);
    return expression;
  }
  function now(picture: string | undefined, zone: string | undefined): Promise<unknown> {
    return formatDate.evaluate(undefined, { at: Math.trunc(options.now()), picture, zone });
  }
  async function value(source: string, field: string, variables: JsonObject, states: Readonly<Record<string, unknown>>): Promise<Json> {
    const text = expressionText(source);
    const said = `The JSONata expression '${text}' specified for the field '${field}'`;
    let result: unknown;
    try {
      result = await compile(text).evaluate(undefined, { ...variables, states });
    } catch (thrown) {
      throw new EvaluationFault(field, `${said} threw an error during evaluation. ${reason(thrown)}`);
    }
    if (result === undefined) throw new EvaluationFault(field, `${said} returned nothing (undefined).`);
    if (holdsFunction(result)) throw new EvaluationFault(field, `${said} returned an unsupported result type.`);
    return toJson(result);
  }
  async function evaluate(template: Json, field: string, variables: JsonObject, states: Readonly<Record<string, unknown>>): Promise<Json> {
    if (typeof template === 'string') return isExpression(template) ? value(template, field, variables, states) : template;
    if (Array.isArray(template)) {
      const items: Json[] = [];
      for (const [index, item] of template.entries()) items.push(await evaluate(item, `${field}[${index}]`, variables, states));
      return items;
    }
    if (template === null || typeof template !== 'object') return template;
    const entries: [string, Json][] = [];
    for (const [name, item] of Object.entries(template)) entries.push([name, await evaluate(item, `${field}/${name}`, variables, states)]);
    return Object.fromEntries(entries);
  }
  return { evaluate, compile: (expression) => void compile(expression) };
}

function reason(thrown: unknown): string {
  if (typeof thrown !== 'object' || thrown === null) return String(thrown);
  const code = 'code' in thrown ? `${thrown.code}: ` : '';
  return `${code}${'message' in thrown ? thrown.message : ''}`;
}

function holdsFunction(value: unknown): boolean {
  if (typeof value === 'function') return true;
  if (typeof value !== 'object' || value === null) return false;
  if ('_jsonata_lambda' in value || '_jsonata_function' in value) return true;
  return Object.values(value).some(holdsFunction);
}

function partition(items: unknown[] | undefined, size: number): unknown[][] | undefined {
  if (items === undefined) return undefined;
  if (!Number.isInteger(size) || size < 1) throw new RangeError(`$partition needs a chunk size of 1 or more, not ${size}`);
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size));
}

function range(first: number, last: number, step: number): number[] {
  if (step === 0 || !Number.isFinite(step)) throw new RangeError(`$range needs a step other than 0, not ${step}`);
  const length = Math.max(0, Math.floor((last - first) / step) + 1);
  return Array.from({ length }, (_, index) => first + index * step);
}

const algorithms: Readonly<Record<string, string>> = {
  MD5: 'md5',
  'SHA-1': 'sha1',
  'SHA-256': 'sha256',
  'SHA-384': 'sha384',
  'SHA-512': 'sha512',
};
function hash(data: string, algorithm: string): string {
  const known = algorithms[algorithm];
  if (!known) throw new RangeError(`$hash knows ${Object.keys(algorithms).join(', ')}, not ${algorithm}`);
  return createHash(known).update(data).digest('hex');
}

/** The same number in [0, 1) for the same seed; AWS does not say which generator it uses. */
function seeded(seed: number): number {
  return createHash('sha256').update(String(seed)).digest().readUIntBE(0, 6) / 2 ** 48;
}
