/** Turns values of Pulumi's wire into plain JSON that a test can read: JSON text opened, secrets masked, assets by name. */

/** A secret's value never reaches a captured graph. */
export const secretMark = '[secret]';
/** An output that AWS would compute and that nothing here knows. */
export const unknownMark = '[unknown]';

/** Pulumi's own markers, fixed in its wire format. */
const signatureKey = '4dabf18193072939515e22adb298388d';
const secretSignature = '1b47061264138c4ac30d75fd1eb44270';
const resourceSignature = '5cf8f73096256a8f31e491e813e4eb8e';
const assetSignatures = ['c44067f5952c0a294b673a41bacd8c17', '0def7320c3a5731c473e5ecbe6d01bc7'];
const unknownValue = '04da6b54-80e4-46f7-96ec-b56ff0331ba9';

export function plain(value: unknown): unknown {
  if (typeof value === 'string') return plainText(value);
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== 'object') return value;
  const fields = Object.entries(value);
  const { [signatureKey]: signature, ...marked } = Object.fromEntries(fields);
  if (signature === undefined) return Object.fromEntries(fields.map(([key, item]) => [key, plain(item)]));
  if (signature === secretSignature) return secretMark;
  if (signature === resourceSignature) return { resource: marked.urn };
  if (assetSignatures.includes(signature))
    return {
      asset: String(marked.path ?? '')
        .split('/')
        .at(-1),
    };
  return plain(marked.value);
}

function plainText(text: string): unknown {
  if (text === unknownValue) return unknownMark;
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return plain(JSON.parse(text));
  } catch {
    return text; // starts like JSON and is none, e.g. a JSONata expression
  }
}
