/** Every member that a profile can have, with its default, from the schema itself. Reads no file. */
import { Profile } from '@gatehouse/core/profile';
import * as z from 'zod';

interface Shape {
  type?: string;
  default?: unknown;
  required?: string[];
  properties?: Record<string, Shape>;
  items?: Shape;
  anyOf?: Shape[];
  oneOf?: Shape[];
}

/** Path -> `required`, `none`, or the default as JSON. A list's items are `[]`; what two kinds of one list share is one member. */
export function membersOfProfile(): Map<string, string> {
  const members = new Map<string, string>();
  walk(z.toJSONSchema(Profile, { io: 'input', unrepresentable: 'any' }) as Shape, '', true, members);
  // What may stand alone in place of its list is told as an item of the list.
  for (const path of members.keys()) if (path.includes('[].')) members.delete(path.replace('[].', '.'));
  return members;
}

function walk(shape: Shape, path: string, required: boolean, members: Map<string, string>): void {
  const kinds = [...(shape.anyOf ?? []), ...(shape.oneOf ?? [])].filter(
    ({ properties, items, anyOf, oneOf }) => properties ?? items ?? anyOf ?? oneOf,
  );
  if (kinds.length > 0) {
    // A list of several kinds, or a part that is written in one of two ways: a member that only some know is none's duty.
    for (const kind of kinds) walk(kind, path.endsWith(']') || !kind.items ? path : path, required, members);
    return;
  }
  if (shape.properties) {
    for (const [name, member] of Object.entries(shape.properties)) {
      const own = path ? `${path}.${name}` : name;
      walk(member, own, shape.required?.includes(name) ?? false, members);
    }
    return;
  }
  if (shape.items && hasMembers(shape.items)) {
    walk(shape.items, `${path}[]`, required, members);
    return;
  }
  const told = shape.default !== undefined ? JSON.stringify(shape.default) : required ? 'required' : 'none';
  const before = members.get(path);
  members.set(path, before === undefined || before === told ? told : 'depends on the kind');
}

function hasMembers({ properties, anyOf, oneOf }: Shape): boolean {
  return properties !== undefined || [...(anyOf ?? []), ...(oneOf ?? [])].some(hasMembers);
}
