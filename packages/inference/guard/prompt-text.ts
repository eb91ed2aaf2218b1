/** The text of a prompt, as people and tools wrote it: for whatever looks through it before it leaves. Keeps nothing. */

/** Every text inside of `system`, `messages` and `tools`, a line apart, long numbers too; what is encoded, as images and signatures are, is left out. */
export function promptText(body: Readonly<Record<string, unknown>>): string {
  const texts: string[] = [];
  const open: unknown[] = [body.tools, body.messages, body.system];
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next === 'string') {
      if (!isDataUrl(next)) texts.push(next);
    } else if (typeof next === 'number') {
      if (Number.isSafeInteger(next) && next >= shortestNumber) texts.push(String(next));
    } else if (Array.isArray(next)) {
      for (let index = next.length - 1; index >= 0; index--) open.push(next[index]);
    } else if (typeof next === 'object' && next !== null) {
      const encoded = encodedMember(next);
      for (const [name, value] of Object.entries(next)) if (name !== encoded) open.push(value);
    }
  }
  return texts.join('\n');
}

/** No number of a card or a person has fewer digits. */
const shortestNumber = 1e9;

/** The member of a block that is bytes and no text. */
function encodedMember(block: object): string | undefined {
  const type = 'type' in block ? block.type : undefined;
  if (type === 'base64' || type === 'redacted_thinking') return 'data';
  return type === 'thinking' ? 'signature' : undefined;
}

/** RFC 2397, as chat clients send images. */
function isDataUrl(text: string): boolean {
  return text.startsWith('data:') && text.slice(0, 100).includes(';base64,');
}
