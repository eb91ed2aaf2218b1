/** Says what is wrong with a profile as it was written: a sentence each, with its line, its member and, for an unknown member, the nearest. Reads no file. */
import { type Document, isNode, LineCounter, parseDocument } from 'yaml';
import * as z from 'zod';

type Path = readonly PropertyKey[];

/** The members of JSON Schema that are read here. */
interface Shape {
  properties?: Record<string, Shape>;
  items?: Shape;
  anyOf?: Shape[];
  oneOf?: Shape[];
  allOf?: Shape[];
}

export interface WrittenProfile {
  value: unknown;
  /** 1 is the first; of the nearest member above where that of the path is not written. */
  lineOf(path: Path): number;
}

/** Throws one error that says on which line YAML stopped to be YAML. @param name how the error calls the file. */
export function readYaml(name: string, text: string): WrittenProfile {
  const lines = new LineCounter();
  const document: Document.Parsed = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [error] = [...document.errors].sort((a, b) => a.pos[0] - b.pos[0]);
  if (error) throw new Error(`${name}:${lines.linePos(error.pos[0]).line} is not YAML: ${error.message}`);
  let value: unknown;
  try {
    value = document.toJS();
  } catch (cause) {
    throw new Error(`${name} is not YAML: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
  if (value === null || value === undefined)
    throw new Error(`${name} is empty: copy one of the profiles beside it, and write the company's own values`);
  if (typeof value !== 'object' || Array.isArray(value))
    throw new Error(`${name}:1 is not a profile: it has to be members with values, like "region: us-east-1"`);
  return {
    value,
    lineOf(path) {
      for (let length = path.length; length > 0; length--) {
        const node = document.getIn(path.slice(0, length), true);
        if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
      }
      return 1;
    },
  };
}

/** One sentence for each issue, in the order of the file. */
export function mistakesOf(name: string, written: WrittenProfile, issues: readonly z.core.$ZodIssue[], profile: z.ZodType): string[] {
  const shape = z.toJSONSchema(profile, { io: 'input', unrepresentable: 'any' }) as Shape;
  const told = issues.flatMap((issue) => sentences(issue, [], shape)).map(({ path, says }) => ({ line: written.lineOf(path), says }));
  return told.sort((a, b) => a.line - b.line).map(({ line, says }) => `${name}:${line}: ${says}`);
}

interface Sentence {
  path: Path;
  says: string;
}

function sentences(issue: z.core.$ZodIssue, above: Path, shape: Shape): Sentence[] {
  const path = [...above, ...issue.path];
  const where = written(path);
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => {
        const near = nearest(key, membersAt(shape, path));
        return {
          path: [...path, key],
          says: `${where ? `${where}.` : ''}${key} is no member of ${where || 'a profile'}${near ? `; did you mean "${near}"?` : ''}`,
        };
      });
    case 'invalid_union': {
      const values = issue.errors.flatMap((errors) =>
        errors.flatMap((inner) => (inner.code === 'invalid_value' ? inner.values : [undefined])),
      );
      if (values.length > 0 && values.every((value) => value !== undefined))
        return [{ path, says: `${where}: expected ${values.map((value) => JSON.stringify(value)).join(' or ')}` }];
      // Whoever wrote it meant the alternative to which the least is missing.
      const [closest] = issue.errors.filter((errors) => errors.length > 0).sort((a, b) => a.length - b.length);
      return closest
        ? closest.flatMap((inner) => sentences(inner, path, shape))
        : [{ path, says: `${where}: ${issue.message.replace(/^Invalid input: /, '')}` }];
    }
    case 'invalid_type':
      return [
        {
          path,
          says: /received undefined$/.test(issue.message)
            ? `${where} is missing: ${article(issue.expected)}`
            : `${where}: ${issue.message.replace(/^Invalid input: /, '')}`,
        },
      ];
    default:
      return [{ path, says: `${where || 'the profile'}: ${issue.message.replace(/^Invalid (?:input|option): /, '')}` }];
  }
}

function article(expected: string): string {
  return (
    { array: 'a list is expected', object: 'write it, if only as {}', string: 'a text is expected' }[expected] ?? `expected ${expected}`
  );
}

/** `access.issuers[0].kind` */
function written(path: Path): string {
  return path.map((step, index) => (typeof step === 'number' ? `[${step}]` : `${index > 0 ? '.' : ''}${String(step)}`)).join('');
}

function membersAt(shape: Shape, path: Path): string[] {
  let shapes = alternatives(shape);
  for (const step of path)
    shapes = shapes.flatMap((one) => {
      const next = typeof step === 'number' ? one.items : one.properties?.[String(step)];
      return next ? alternatives(next) : [];
    });
  return [...new Set(shapes.flatMap(({ properties }) => Object.keys(properties ?? {})))];
}

function alternatives(shape: Shape): Shape[] {
  return [shape, ...[shape.anyOf, shape.oneOf, shape.allOf].flatMap((all) => (all ?? []).flatMap(alternatives))];
}

/** Undefined where nothing is near: a guess would lead astray. */
function nearest(key: string, members: readonly string[]): string | undefined {
  const ranked = members.map((member) => ({ member, far: distance(key, member) })).sort((a, b) => a.far - b.far);
  const [best] = ranked;
  return best && best.far <= Math.max(2, Math.floor(key.length / 3)) ? best.member : undefined;
}

/** Levenshtein's. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [index, letter] of [...a].entries()) {
    const next = [index + 1];
    for (const [column, other] of [...b].entries())
      next.push(Math.min((next[column] ?? 0) + 1, (row[column + 1] ?? 0) + 1, (row[column] ?? 0) + (letter === other ? 0 : 1)));
    row = next;
  }
  return row[b.length] ?? 0;
}
