/** What a KMS operation is given, and the checks that need no key. */
import { AwsError } from '../service.ts';
import type { EncryptionContext } from './cipher.ts';
import type { Key } from './key.ts';

export interface KeyInput {
  KeyId?: string;
}
export interface MessageInput extends KeyInput {
  Message?: string;
  MessageType?: string;
  SigningAlgorithm?: string;
  MacAlgorithm?: string;
  Signature?: string;
  Mac?: string;
}
export interface CipherInput extends KeyInput {
  Plaintext?: string;
  CiphertextBlob?: string;
  EncryptionContext?: EncryptionContext;
  EncryptionAlgorithm?: string;
  KeySpec?: string;
  NumberOfBytes?: number;
}
export interface PageInput extends KeyInput {
  Limit?: number;
  Marker?: string;
}

/** AWS: the most that Sign, GenerateMac and Encrypt take. */
export const longestMessageBytes = 4096;

export function rawMessage(input: MessageInput): Buffer {
  if (input.MessageType === 'DIGEST') {
    throw new AwsError(
      'UnsupportedOperationException',
      `MessageType DIGEST is not in the embedded stack: sign RAW, at most ${longestMessageBytes} bytes, such as a SHA-256 in hex`,
    );
  }
  return bytes(input.Message, 'message', longestMessageBytes);
}

export function bytes(base64: string | undefined, member: string, longest = 6144): Buffer {
  const value = Buffer.from(given(base64, member), 'base64');
  if (value.length > 0 && value.length <= longest) return value;
  const rule = value.length === 0 ? 'greater than or equal to 1' : `less than or equal to ${longest}`;
  throw new AwsError(
    'ValidationException',
    `1 validation error detected: Value at '${member}' failed to satisfy constraint: Member must have length ${rule}`,
  );
}

export function given(value: string | undefined, member: string): string {
  if (typeof value === 'string') return value;
  throw new AwsError(
    'ValidationException',
    `1 validation error detected: Value null at '${member}' failed to satisfy constraint: Member must not be null`,
  );
}

export function aliasName(name: string | undefined): string {
  const asked = given(name, 'aliasName');
  if (!/^alias\/[\w/-]{1,250}$/.test(asked))
    throw new AwsError('ValidationException', `An alias name is alias/ and letters, digits, /, _ or -: ${asked}`);
  if (asked.startsWith('alias/aws/')) throw new AwsError('NotAuthorizedException', 'Alias names that begin with alias/aws/ are reserved');
  return asked;
}

export function mustBe(algorithm: string, asked: string | undefined, key: Key): void {
  if (asked !== algorithm) throw new AwsError('InvalidKeyUsageException', `Algorithm ${asked} is incompatible with key spec ${key.spec}.`);
}

export function contextOf(input: CipherInput): EncryptionContext {
  const context = input.EncryptionContext ?? {};
  if (Object.values(context).some((value) => typeof value !== 'string'))
    throw new AwsError('ValidationException', 'The values of an encryption context are strings');
  return context;
}

/** AWS pages with a marker; ours is the position of the next one. */
export function page<T>(all: readonly T[], input: PageInput, name: string, show: (row: T) => object): Record<string, unknown> {
  const start = Number(input.Marker ?? 0);
  if (!Number.isInteger(start) || start < 0) throw new AwsError('InvalidMarkerException', 'The marker is not one of ours');
  const end = start + (input.Limit ?? 100);
  const rest = end < all.length;
  return { [name]: all.slice(start, end).map(show), Truncated: rest, ...(rest && { NextMarker: String(end) }) };
}
