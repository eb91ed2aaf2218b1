/** Finds a JSON object that names a member twice: parsers differ on which of the two counts, so nobody may send both (RFC 7515 s5.2, RFC 8725 s2.6). */

const string = /"(?:[^"\\]|\\.)*"/y;

/** `json` must have been accepted by JSON.parse. Looks at every depth; `"a"` and `"\u0061"` are one name. */
export function hasDuplicateMember(json: string): boolean {
  const open: (Set<string> | undefined)[] = [];
  for (let at = 0; at < json.length; ) {
    const character = json[at];
    if (character === '"') {
      string.lastIndex = at;
      const text = string.exec(json)?.[0] ?? '"';
      at += text.length;
      while (isSpace(json[at])) at++;
      if (json[at] !== ':') continue;
      const names = open.at(-1);
      const name: unknown = text.includes('\\') ? JSON.parse(text) : text.slice(1, -1);
      if (typeof name !== 'string' || !names) continue;
      if (names.has(name)) return true;
      names.add(name);
      continue;
    }
    if (character === '{') open.push(new Set());
    else if (character === '[') open.push(undefined);
    else if (character === '}' || character === ']') open.pop();
    at++;
  }
  return false;
}

function isSpace(character: string | undefined): boolean {
  return character === ' ' || character === '\n' || character === '\r' || character === '\t';
}
