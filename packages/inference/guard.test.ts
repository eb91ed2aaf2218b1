import { describe, expect, it } from 'vitest';
import { guard } from './guard.secretlint.ts';
import { promptText } from './prompt-text.ts';

const token = `ghp_${'wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx'}`;
const prompt = (content: unknown) => ({ model: 'claude-opus-4-8', messages: [{ role: 'user', content }] });

describe('a prompt that holds a secret', () => {
  it.each([
    ['in plain text', prompt(`use ${token} please`)],
    ['in a block', prompt([{ type: 'text', text: `use "${token}"` }])],
    ['in what a tool read', prompt([{ type: 'tool_result', tool_use_id: 't', content: [{ type: 'text', text: `token: ${token}\n` }] }])],
    ['in the system prompt', { ...prompt('hello'), system: [{ type: 'text', text: token }] }],
  ])('is found %s, by kind and number and no more', async (_, body) => {
    const found = await guard({ secrets: 'block' }, body);
    expect(found).toEqual({ outcome: 'found', kinds: new Map([['github', 1]]) });
  });

  it('passes where the policy does not block it', async () => {
    expect(await guard({}, prompt(token))).toEqual({ outcome: 'clean' });
    expect(await guard({ secrets: 'off' }, prompt(token))).toEqual({ outcome: 'clean' });
  });
});

describe('a prompt without one', () => {
  it('is clean', async () => {
    expect(await guard({ secrets: 'block' }, prompt('What is a GitHub token made of?'))).toEqual({ outcome: 'clean' });
  });
});

describe('what nothing here finds', () => {
  it('is said to be unguarded where the policy blocks it, and never let pass in silence', async () => {
    expect(await guard({ pii: 'block', secrets: 'block' }, prompt('hello'))).toEqual({ outcome: 'unguarded', kinds: ['personal data'] });
    expect(await guard({ financial: 'block' }, prompt('hello'))).toMatchObject({ outcome: 'unguarded' });
  });
});

describe('the text of a prompt', () => {
  it('leaves out what is encoded', () => {
    const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } };
    expect(promptText(prompt([image, { type: 'text', text: 'look' }]))).not.toContain('AAAA');
  });
});
