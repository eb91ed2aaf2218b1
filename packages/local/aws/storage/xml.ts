/** The little XML that S3 speaks: elements and text, no attributes, no DTD. It knows no element by name. */

export interface Element {
  name: string;
  text: string;
  children: readonly Element[];
}

/** What `toXml` writes: an array repeats its element, undefined leaves it out. */
export type Content = string | number | boolean | undefined | readonly Content[] | { readonly [name: string]: Content };

const token = /<\?[^>]*\?>|<!--[\s\S]*?-->|<(\/?)([\w:.-]+)[^>]*?(\/?)>|([^<]+)/y;

/** The root element; undefined when the text is no XML of this kind. Prefixes of names are dropped. */
export function parseXml(text: string): Element | undefined {
  const root = { name: '', text: '', children: [] as Element[] };
  const open: { name: string; text: string; children: Element[] }[] = [root];
  token.lastIndex = 0;
  while (token.lastIndex < text.length) {
    const found = token.exec(text);
    if (!found) return undefined;
    const [, closing, qualified, empty, words] = found;
    const current = open.at(-1);
    if (!current) return undefined;
    if (words !== undefined) current.text += decode(words);
    if (qualified === undefined) continue;
    const name = qualified.slice(qualified.indexOf(':') + 1);
    if (closing) {
      if (open.length < 2 || open.pop()?.name !== name) return undefined;
      continue;
    }
    const element = { name, text: '', children: [] };
    current.children.push(element);
    if (!empty) open.push(element);
  }
  return open.length === 1 && root.children.length === 1 ? root.children[0] : undefined;
}

/** The text of the element at a path of names below `element`, trimmed; undefined when there is none. */
export function textAt(element: Element | undefined, ...path: readonly string[]): string | undefined {
  return elementAt(element, ...path)?.text.trim();
}

export function elementAt(element: Element | undefined, ...path: readonly string[]): Element | undefined {
  return path.reduce<Element | undefined>((at, name) => at?.children.find((child) => child.name === name), element);
}

export function childrenOf(element: Element | undefined, name: string): readonly Element[] {
  return element?.children.filter((child) => child.name === name) ?? [];
}

/** A whole document in S3's name space. */
export function toXml(name: string, content: Content): string {
  const inner = write(name, content).replace(`<${name}>`, `<${name} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">`);
  return `<?xml version="1.0" encoding="UTF-8"?>\n${inner}`;
}

function write(name: string, content: Content): string {
  if (content === undefined) return '';
  if (isList(content)) return content.map((one) => write(name, one)).join('');
  const inner =
    typeof content === 'object'
      ? Object.entries(content)
          .map(([child, value]) => write(child, value))
          .join('')
      : encode(String(content));
  return `<${name}>${inner}</${name}>`;
}

function isList(content: Content): content is readonly Content[] {
  return Array.isArray(content);
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function decode(text: string): string {
  return text.replace(/&(#x[0-9a-fA-F]+|#\d+|\w+);/g, (whole, name: string) => {
    if (!name.startsWith('#')) return entities[name] ?? whole;
    const code = name.startsWith('#x') ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

function encode(text: string): string {
  return text.replace(/[&<>"\r]/g, (character) =>
    character === '\r' ? '&#13;' : `&${Object.entries(entities).find(([, sign]) => sign === character)?.[0]};`,
  );
}
