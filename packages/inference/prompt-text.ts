/** The text of a prompt, as people and tools wrote it: for whatever looks through it before it leaves. Keeps nothing. */

/** Every text inside of `system` and `messages`, a line apart; what is encoded, as images are, is left out. */
export function promptText(body: Readonly<Record<string, unknown>>): string {
  const texts: string[] = [];
  const open: unknown[] = [body.messages, body.system];
  for (let next = open.pop(); open.length > 0 || next !== undefined; next = open.pop()) {
    if (typeof next === 'string') texts.push(next);
    else if (Array.isArray(next)) open.push(...next);
    else if (typeof next === 'object' && next !== null && !isEncoded(next)) open.push(...Object.values(next));
  }
  return texts.join('\n');
}

function isEncoded(value: object): boolean {
  return 'type' in value && value.type === 'base64';
}
