/** What attributes a resource has, by name in any case (RFC 7643 section 2.1), read off its schema. Values are never looked at here. */

export interface Attribute {
  /** As the schema spells it. */
  name: string;
  type: string;
  multiValued: boolean;
  /** Only the server writes it. */
  readOnly: boolean;
  /** By name in lower case; empty for what is not complex. */
  sub: Attributes;
}

export type Attributes = ReadonlyMap<string, Attribute>;

export interface Vocabulary {
  /** URN of the core schema. */
  schema: string;
  attributes: Attributes;
  /** URN of each extension, in lower case, and its attributes. */
  extensions: ReadonlyMap<string, { schema: string; attributes: Attributes }>;
}

/** One attribute, or one of its sub-attributes, as a path or a filter names it. */
export interface Place {
  /** URN of the extension, undefined for the core schema. */
  extension: string | undefined;
  attribute: Attribute;
  sub: Attribute | undefined;
}

const common = ['schemas', 'id', 'externalId', 'meta'] as const;

/** Attributes that every resource has and schemas do not list (RFC 7643 section 3.1). */
export const commonAttributes: readonly [string, Attribute][] = common.map((name) => [
  name.toLowerCase(),
  {
    name,
    type: name === 'meta' ? 'complex' : 'string',
    multiValued: name === 'schemas',
    readOnly: name !== 'externalId',
    sub: new Map(name === 'meta' ? ['resourceType', 'created', 'lastModified', 'location', 'version'].map((sub) => plain(sub)) : []),
  },
]);

function plain(name: string): [string, Attribute] {
  return [name.toLowerCase(), { name, type: 'string', multiValued: false, readOnly: true, sub: new Map() }];
}

/** @param path `userName`, `name.givenName`, `emails.value`, or either with a schema's URN before it. */
export function placeOf(vocabulary: Vocabulary, path: string): Place | undefined {
  const { extension, rest } = withoutUrn(vocabulary, path);
  const attributes = extension === undefined ? vocabulary.attributes : vocabulary.extensions.get(extension.toLowerCase())?.attributes;
  const [first = '', second, ...more] = rest.split('.');
  const attribute = attributes?.get(first.toLowerCase());
  if (!attribute || more.length > 0) return undefined;
  if (second === undefined) return { extension, attribute, sub: undefined };
  const sub = attribute.sub.get(second.toLowerCase());
  return sub && { extension, attribute, sub };
}

/** A URN ends at the last colon before the attribute's name; dots of a version number are part of it. */
export function withoutUrn(vocabulary: Vocabulary, path: string): { extension: string | undefined; rest: string } {
  const lower = path.toLowerCase();
  const core = `${vocabulary.schema.toLowerCase()}:`;
  if (lower.startsWith(core)) return { extension: undefined, rest: path.slice(core.length) };
  for (const [urn, { schema }] of vocabulary.extensions)
    if (lower.startsWith(`${urn}:`)) return { extension: schema, rest: path.slice(urn.length + 1) };
  return { extension: undefined, rest: path };
}
