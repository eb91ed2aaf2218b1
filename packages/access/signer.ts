/** The port behind which our private key lives: whoever mints a token has a kid and a way to sign, never a key. */

export interface Signer {
  kid: string;
  /** The JOSE signature (64 bytes, base64url) of a compact token's first two segments, at most 4,096 bytes. */
  sign(input: string): Promise<string>;
}
