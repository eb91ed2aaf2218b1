/** How evidence carries its signature and the key to check it with. */
import * as z from 'zod';

/** Public members only (RFC 7517). */
export const PublicJwk = z.strictObject({ kty: z.literal('EC'), crv: z.literal('P-256'), x: z.string(), y: z.string() });
export type PublicJwk = z.infer<typeof PublicJwk>;

/** ES256 as JOSE writes it: r and s, 32 bytes each, base64url (RFC 7518 section 3.4). */
export const Signature = z.strictObject({ alg: z.literal('ES256'), kid: z.string(), value: z.string() });
export type Signature = z.infer<typeof Signature>;
