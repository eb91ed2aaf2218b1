/** The schemas of users and groups, as scimmy has them: the vocabulary for everything else here, and the last check of a resource. Loaded on first use. */
import { ok, type Result } from '@gatehouse/core/result';
import type { SchemaDefinition } from 'scimmy/types';
import { type Attribute, type Attributes, commonAttributes, type Vocabulary } from './attributes.ts';
import { refuseInput, type ScimRefusal } from './refusal.ts';
import { isJson, type Json } from './shape.ts';

export interface Model {
  vocabulary: Vocabulary;
  /** Required attributes and types (RFC 7643 section 2). @param resource in the schema's shape. */
  check(resource: Json): Result<Json, ScimRefusal>;
}

export type Kind = 'Users' | 'Groups';

let models: Promise<Readonly<Record<Kind, Model>>> | undefined;

export async function modelOf(kind: Kind): Promise<Model> {
  models ??= load();
  return (await models)[kind];
}

async function load(): Promise<Readonly<Record<Kind, Model>>> {
  const { User, Group, EnterpriseUser } = await import('scimmy/schemas');
  User.definition.extend(EnterpriseUser.definition);
  return {
    Users: modelFor(User.definition, [EnterpriseUser.definition], (resource) => new User(resource, 'in'), 'userName'),
    Groups: modelFor(Group.definition, [], (resource) => new Group(resource, 'in'), 'displayName'),
  };
}

/** @param name the attribute that names a resource: scimmy takes a blank text for a value. */
function modelFor(
  core: SchemaDefinition,
  extensions: readonly SchemaDefinition[],
  make: (resource: Json) => object,
  name: 'userName' | 'displayName',
): Model {
  const vocabulary: Vocabulary = {
    schema: core.id,
    attributes: new Map([...commonAttributes, ...attributesOf(core.attributes)]),
    extensions: new Map(extensions.map(({ id, attributes }) => [id.toLowerCase(), { schema: id, attributes: attributesOf(attributes) }])),
  };
  return {
    vocabulary,
    check: (resource) => {
      if (typeof resource[name] === 'string' && resource[name].trim() === '') return refuseInput('invalidValue', `${name} is blank`);
      try {
        const checked: unknown = JSON.parse(JSON.stringify(make(structuredClone(resource))));
        return isJson(checked) ? ok(checked) : refuseInput('invalidValue', 'The resource is empty');
      } catch (error) {
        // Its schemas refuse by TypeError and by an error of theirs alike: both are about what was sent.
        return refuseInput('invalidValue', error instanceof Error ? error.message.slice(0, 300) : 'The resource does not fit its schema');
      }
    },
  };
}

/** scimmy's attribute, as far as it is read here; an extension of the schema stands among them. */
interface Defined {
  name?: string;
  type?: string;
  config?: { multiValued?: boolean; mutable?: boolean | string };
  subAttributes?: readonly Defined[];
}

function attributesOf(defined: readonly unknown[]): Attributes {
  const found: [string, Attribute][] = [];
  for (const one of defined as readonly Defined[]) {
    if (one.name === undefined || one.type === undefined) continue;
    const name = one.name;
    found.push([
      name.toLowerCase(),
      {
        name,
        type: one.type,
        multiValued: one.config?.multiValued === true,
        readOnly: one.config?.mutable === false || one.config?.mutable === 'readOnly',
        sub: attributesOf(one.subAttributes ?? []),
      },
    ]);
  }
  return new Map(found);
}
