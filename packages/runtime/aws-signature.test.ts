import { AwsV4Signer } from 'aws4fetch';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { signed } from './aws-signature.ts';

const signing = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  sessionToken: undefined,
  region: 'us-east-1',
  service: 'service',
  at: Date.parse('2015-08-30T12:36:00Z'),
};
const signatureOf = (authorization: string | null | undefined) => /Signature=([0-9a-f]{64})$/.exec(authorization ?? '')?.[1];

/** The other implementation takes an encoded slash for a slash; dots are not sent as they are. */
const isSegment = (text: string) => !text.includes('/') && text !== '.' && text !== '..';

describe('a signature', () => {
  it("is that of AWS's own test suite for Signature Version 4 (get-vanilla)", () => {
    const url = new URL('https://example.amazonaws.com/');
    expect(signed({ method: 'GET', url, headers: {}, body: '' }, signing)).toEqual({
      host: 'example.amazonaws.com',
      'x-amz-date': '20150830T123600Z',
      authorization:
        'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
    });
  });

  it('is what another implementation makes of any path, query, body, session, time and service', async () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 20 });
    const segments = fc.array(fc.string({ unit: 'grapheme', minLength: 1 }).filter(isSegment).map(encodeURIComponent), { maxLength: 4 });
    const query = fc.dictionary(fc.string({ minLength: 1 }), text, { maxKeys: 4 });
    const when = fc.integer({ min: Date.parse('2020-01-01'), max: Date.parse('2050-01-01') });
    const service = fc.constantFrom('dynamodb', 'lambda', 's3', 'kms');
    await fc.assert(
      fc.asyncProperty(segments, query, text, fc.option(text), when, service, async (path, pairs, body, token, at, name) => {
        const sessionToken = token === null ? undefined : encodeURIComponent(token);
        const url = new URL(`http://127.0.0.1:8788/${path.join('/')}`);
        for (const [key, value] of Object.entries(pairs)) url.searchParams.set(key, value);
        const headers = { 'x-amz-target': 'Somewhere.Something' };
        const ours = signed({ method: 'POST', url, headers, body }, { ...signing, service: name, sessionToken, at });
        const theirs = await new AwsV4Signer({
          method: 'POST',
          url: url.href,
          headers: { ...headers, ...(name === 's3' && { 'x-amz-content-sha256': ours['x-amz-content-sha256'] ?? '' }) },
          body,
          accessKeyId: signing.accessKeyId,
          secretAccessKey: signing.secretAccessKey,
          ...(sessionToken && { sessionToken }),
          service: name,
          region: signing.region,
          datetime: ours['x-amz-date'] ?? '',
        }).sign();
        expect(signatureOf(ours.authorization)).toBe(signatureOf(theirs.headers.get('authorization')));
      }),
      { numRuns: 500 },
    );
  });
});
