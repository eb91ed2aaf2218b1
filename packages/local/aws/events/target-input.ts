/**
 * What a target receives of an event: the whole of it, or what its Input, InputPath or InputTransformer makes of it (EventBridge user guide,
 * "Input transformation"). It delivers nothing.
 */
import { AwsError } from '../service.ts';
import type { BusEvent, Delivery } from './delivery.ts';

export interface TargetInput {
  Input?: string;
  InputPath?: string;
  InputTransformer?: { InputPathsMap?: Readonly<Record<string, string>>; InputTemplate?: string };
}

type Variables = ReadonlyMap<string, unknown>;

const maxPaths = 100;
const maxTemplateCharacters = 8192;
const path = /^\$(?:\.[\w-]+|\[\d+\]|\['[^']+'\])*$/;
const placeholder = /<([\w.-]+)>/g;
/** Their value may stand as a value of JSON only: its text is not escaped. */
const wholeEvents = ['aws.events.event', 'aws.events.event.json'];
const reserved = ['aws.events.rule-arn', 'aws.events.rule-name', 'aws.events.event.ingestion-time', ...wholeEvents];

/** Throws ValidationException in words for what PutTargets refuses. */
export function checkTargetInput({ Input, InputPath, InputTransformer }: TargetInput, id: string): void {
  if ([Input, InputPath, InputTransformer].filter((one) => one !== undefined).length > 1)
    throw invalid(`Only one of Input, InputPath, or InputTransformer must be provided for target ${id}.`);
  if (Input !== undefined && parse(Input) === undefined) throw invalid(`JSON syntax error in input for target ${id}.`);
  if (InputPath !== undefined && !path.test(InputPath)) throw invalid(`InputPath for target ${id} is invalid.`);
  if (!InputTransformer) return;
  const { InputPathsMap = {}, InputTemplate = '' } = InputTransformer;
  const names = Object.keys(InputPathsMap);
  if (names.length > maxPaths || InputTemplate.length < 1 || InputTemplate.length > maxTemplateCharacters)
    throw invalid(
      `InputTransformer for target ${id} has at most ${maxPaths} paths and a template of 1 to ${maxTemplateCharacters} characters.`,
    );
  const wrong = names.find((name) => /^AWS/i.test(name) || !path.test(InputPathsMap[name] ?? ''));
  if (wrong !== undefined) throw invalid(`InputPath for ${wrong} of target ${id} is invalid.`);
  const unknown = [...InputTemplate.matchAll(placeholder)].find(([, name = '']) => !names.includes(name) && !reserved.includes(name));
  if (unknown) throw invalid(`InputTemplate for target ${id} contains placeholder ${unknown[1]} that is not in InputPathsMap.`);
  const sample = new Map<string, unknown>([...names, ...reserved].map((name) => [name, 'x']));
  if (parse(fill(InputTemplate, sample)) === undefined) throw invalid(`Invalid InputTemplate for target ${id}: what it makes is not JSON.`);
}

/** As the target receives it: a value of JSON. A template that makes none of this event gives its text. */
export function payloadOf({ event, target, ruleArn }: Pick<Delivery, 'event' | 'target' | 'ruleArn'>): unknown {
  const { Input, InputPath, InputTransformer } = target;
  if (Input !== undefined) return parse(Input);
  if (InputPath !== undefined) return at(event, InputPath) ?? null;
  if (!InputTransformer) return event;
  const variables = new Map<string, unknown>();
  for (const [name, place] of Object.entries(InputTransformer.InputPathsMap ?? {})) {
    const value = at(event, place);
    if (value !== undefined) variables.set(name, value);
  }
  const { detail: _detail, ...envelope } = event;
  variables.set('aws.events.rule-arn', ruleArn);
  variables.set('aws.events.rule-name', ruleArn.split('/').at(-1));
  variables.set('aws.events.event.ingestion-time', event.time);
  variables.set('aws.events.event', envelope);
  variables.set('aws.events.event.json', event);
  const text = fill(InputTransformer.InputTemplate ?? '', variables);
  return parse(text) ?? text;
}

/** Inside quotes a value is text; elsewhere it is JSON. What the event does not have leaves nothing in text, and an empty text elsewhere. */
function fill(template: string, variables: Variables): string {
  return template.replace(placeholder, (_whole, name: string, offset: number) => {
    const value = variables.get(name);
    if (!isQuoted(template, offset)) return JSON.stringify(value ?? '');
    const text = value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value);
    return JSON.stringify(text).slice(1, -1);
  });
}

function isQuoted(template: string, offset: number): boolean {
  const before = template.slice(0, offset).replace(/\\./g, '');
  return (before.split('"').length - 1) % 2 === 1;
}

function at(event: BusEvent, place: string): unknown {
  const steps = [...place.matchAll(/\.([\w-]+)|\[(\d+)\]|\['([^']+)'\]/g)].map(([, name, index, quoted]) => name ?? index ?? quoted ?? '');
  return steps.reduce<unknown>(
    (value, step) => (typeof value === 'object' && value !== null && Object.hasOwn(value, step) ? Reflect.get(value, step) : undefined),
    event,
  );
}

/** Undefined when it is no JSON. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function invalid(message: string): AwsError {
  return new AwsError('ValidationException', message);
}
