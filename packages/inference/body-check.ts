/** Whether a request's body can be read at all, before anybody parses it. Reads none of it. */
import type { Refusal } from './refusal.ts';

/** A body travels to Lambda in base64, where six megabytes are the end: above about 4.4 MiB the platform answers in words of its own. */
const maxBytes = 4 * 1024 * 1024;

export function unreadable({ body, header }: { body: Buffer; header(name: string): string | undefined }): Refusal | undefined {
  if (body.length > maxBytes) return { reason: 'too_large', bytes: body.length, maxBytes };
  const encoding = header('content-encoding') ?? 'identity';
  return encoding.trim().toLowerCase() === 'identity' ? undefined : { reason: 'encoded', encoding };
}
