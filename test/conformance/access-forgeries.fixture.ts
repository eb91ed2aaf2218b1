/**
 * Published classes of attack on JWTs (RFC 8725; unsigned, confused, injected, re-encoded, mistimed and oversized tokens), made with real keys for
 * whichever issuer a target stands for; and the honest variants that look unusual. Each is made by the text that it describes and sent by nobody here.
 */
import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

export type Claims = Readonly<Record<string, unknown>>;

/** An issuer of tokens whose key the test may use. */
export interface Target {
  /** As an honest token of this issuer has it. */
  header: Claims;
  claims(): Claims;
  /** JOSE signature of the signing input by the issuer's real key. */
  sign(input: string): Promise<Buffer>;
  publicKey: KeyObject;
  /** Longest life admitted, seconds. */
  maxLifetimeSeconds: number;
  /** Claims that must be there. */
  required: readonly string[];
  /** `typ` values of other kinds of token. */
  foreignTypes: readonly unknown[];
  /** A listener that nobody may ever connect to. */
  trap: string;
  now(): number;
}

export interface Forgery {
  name: string;
  token: string;
}

type Make = () => Promise<string> | string;

function segment(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
}

/** A token with a good signature, whatever its header and claims say. A text is taken as the JSON itself. */
export async function signed(target: Target, claims: Claims | string = {}, header: Claims | string = {}): Promise<string> {
  const head = typeof header === 'string' ? header : { ...target.header, ...header };
  const body = typeof claims === 'string' ? claims : { ...target.claims(), ...claims };
  return signedInput(target, `${segment(head)}.${segment(body)}`);
}

async function signedInput(target: Target, input: string): Promise<string> {
  return `${input}.${(await target.sign(input)).toString('base64url')}`;
}

export async function forgeries(target: Target): Promise<Forgery[]> {
  const { now } = target;
  const groups = [unsigned, confused, injected, kids, critical, encodings, structures, times, places, types, sizes];
  const made: [string, Make][] = groups.flatMap((group) => group(target, now()));
  if (target.header.alg === 'ES256') made.push(...ellipticSignatures(target));
  made.push(...target.required.map((name): [string, Make] => [`${name} missing`, () => signed(target, { [name]: undefined })]));
  return Promise.all(made.map(async ([name, make]) => ({ name, token: await make() })));
}

function unsigned(target: Target): [string, Make][] {
  const cases = Array.from({ length: 16 }, (_, bits) => [...'none'].map((l, at) => (bits & (1 << at) ? l.toUpperCase() : l)).join(''));
  const bodies = (alg: unknown) => `${segment({ ...target.header, alg })}.${segment(target.claims())}`;
  return [
    ...cases.flatMap((alg): [string, Make][] => [
      [`alg ${alg}, no signature`, () => `${bodies(alg)}.`],
      [`alg ${alg}, signed by the real key`, () => signed(target, {}, { alg })],
    ]),
    ...([null, '', undefined, ['none'], { alg: 'none' }, 0] as const).map((alg): [string, Make] => [
      `alg ${JSON.stringify(alg)}`,
      () => `${bodies(alg)}.AAAA`,
    ]),
    ['no signature', async () => (await signed(target)).replace(/\.[^.]+$/, '.')],
    ['the signature of another token', async () => `${bodies(target.header.alg)}.${(await signed(target)).split('.')[2]}`],
    ['claims changed after signing', async () => withPayload(await signed(target), { ...target.claims(), sub: 'somebody-else' })],
    ['header changed after signing', async () => withHeader(await signed(target), { ...target.header, note: 1 })],
  ];
}

/** The public key is known to everybody: as an HMAC secret it signs nothing (RFC 8725 s2.1). */
function confused(target: Target): [string, Make][] {
  const { publicKey } = target;
  const secrets: [string, string | Buffer][] = [
    ['PEM', publicKey.export({ format: 'pem', type: 'spki' })],
    ['PEM without its last line break', String(publicKey.export({ format: 'pem', type: 'spki' })).trim()],
    ['DER', publicKey.export({ format: 'der', type: 'spki' })],
    ['JWK', JSON.stringify(publicKey.export({ format: 'jwk' }))],
    ['nothing', ''],
    ['the kid', String(target.header.kid)],
  ];
  const hmacs = secrets.flatMap(([what, secret]) =>
    (['HS256', 'HS384', 'HS512'] as const).map((alg): [string, Make] => [
      `${alg} keyed with ${what}`,
      () => {
        const input = `${segment({ ...target.header, alg })}.${segment(target.claims())}`;
        return `${input}.${createHmac(`sha${alg.slice(2)}`, secret)
          .update(input)
          .digest('base64url')}`;
      },
    ]),
  );
  const others = ['RS384', 'RS512', 'PS256', 'PS384', 'ES384', 'ES512', 'ES256K', 'EdDSA', 'es256', 'rs256', 'Rs256'];
  const swapped = target.header.alg === 'ES256' ? 'RS256' : 'ES256';
  return [
    ...hmacs,
    ...[...others, swapped].map((alg): [string, Make] => [`${alg} over this key`, () => signed(target, {}, { alg })]),
    ...(['ec', 'rsa'] as const).map((kind): [string, Make] => [
      `a stranger's ${kind} key under this kid`,
      () => {
        const stranger = strangers[kind];
        const alg = kind === 'ec' ? 'ES256' : 'RS256';
        const input = `${segment({ ...target.header, alg })}.${segment(target.claims())}`;
        return `${input}.${sign('sha256', Buffer.from(input), { key: stranger.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
      },
    ]),
  ];
}

const strangers = {
  ec: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }),
};

/** The attacker's key inside the token, or an address where it would be (RFC 8725 s3.10). */
function injected(target: Target): [string, Make][] {
  const { trap } = target;
  const jwk = { ...strangers.ec.publicKey.export({ format: 'jwk' }), kid: target.header.kid, alg: 'ES256', use: 'sig' };
  const members: Claims[] = [
    { jwk },
    { jku: `${trap}/keys` },
    { x5u: `${trap}/certificate` },
    { x5c: ['MIIBszCCAVmgAwIBAgIUAA=='] },
    { jku: `${trap}/keys`, jwk, x5u: `${trap}/certificate` },
    { jku: '' },
    { jwk: null },
  ];
  return members.flatMap((member): [string, Make][] => [
    [
      `${Object.keys(member).join(', ')} in the header, signed by the key it names`,
      () => byStranger(target, {}, { ...member, alg: 'ES256' }),
    ],
    [`${Object.keys(member).join(', ')} in the header, signed by the real key`, () => signed(target, {}, member)],
  ]);
}

function byStranger(target: Target, claims: Claims, header: Claims): string {
  const input = `${segment({ ...target.header, ...header })}.${segment({ ...target.claims(), ...claims })}`;
  return `${input}.${sign('sha256', Buffer.from(input), { key: strangers.ec.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

function kids(target: Target): [string, Make][] {
  const names: unknown[] = [
    '',
    ' ',
    '../../../../dev/null',
    '/dev/null',
    '..\\..\\windows\\win.ini',
    "' UNION SELECT 'key' --",
    "x' OR '1'='1",
    '| sleep 10',
    `$(curl ${target.trap})`,
    `${target.trap}/keys`,
    '__proto__',
    'constructor',
    'toString',
    '\u0000',
    'k'.repeat(300),
    0,
    null,
    undefined,
    {},
    [target.header.kid],
  ];
  return [
    ...names.map((kid): [string, Make] => [`kid ${JSON.stringify(kid)?.slice(0, 40)}`, () => signed(target, {}, { kid })]),
    [`kid with a space behind it`, () => signed(target, {}, { kid: `${target.header.kid} ` })],
    ['kid twice', () => signed(target, {}, JSON.stringify(target.header).replace('{', '{"kid":"other",'))],
    ['alg twice', () => signed(target, {}, JSON.stringify(target.header).replace('{', '{"alg":"none",'))],
  ];
}

/** RFC 7515 s4.1.11, RFC 7797. */
function critical(target: Target): [string, Make][] {
  const members: Claims[] = [
    { crit: ['exp'] },
    { crit: [] },
    { crit: 'b64' },
    { crit: ['b64'], b64: false },
    { crit: ['b64'], b64: true },
    { crit: ['unknown'], unknown: 1 },
    { crit: null },
    { b64: false },
    { zip: 'DEF' },
  ];
  return members.map((member): [string, Make] => [`header ${JSON.stringify(member)}`, () => signed(target, {}, member)]);
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** One byte string, one spelling (RFC 7515 s2). */
function encodings(target: Target): [string, Make][] {
  const edit = (change: (parts: [string, string, string]) => string): Make => {
    return async () => change((await signed(target)).split('.') as [string, string, string]);
  };
  return [
    ['padding behind the signature', edit(([h, p, s]) => `${h}.${p}.${s}==`)],
    ['padding behind the payload', edit(([h, p, s]) => `${h}.${p}=.${s}`)],
    ['padding behind the header', edit(([h, p, s]) => `${h}=.${p}.${s}`)],
    ['a space in front', edit((parts) => ` ${parts.join('.')}`)],
    ['a line break behind', edit((parts) => `${parts.join('.')}\n`)],
    ['a tab inside', edit(([h, p, s]) => `${h}.${p.slice(0, 9)}\t${p.slice(9)}.${s}`)],
    ['a line break inside the signature', edit(([h, p, s]) => `${h}.${p}.${s.slice(0, 9)}\n${s.slice(9)}`)],
    ['a NUL behind', edit((parts) => `${parts.join('.')}\u0000`)],
    ['plain base64 letters', edit(([h, p, s]) => `${h}.${p}.+/${s.slice(2)}`)],
    ['percent encoding', edit(([h, p, s]) => `${h}%2E${p}%2E${s}`)],
    ['a letter beyond ASCII', edit(([h, p, s]) => `${h}.${p}.${s}\u00e9`)],
    ['a full-width dot', edit(([h, p, s]) => `${h}\uff0e${p}.${s}`)],
    ['"Bearer" before it', edit((parts) => `Bearer ${parts.join('.')}`)],
    ['quotes around it', edit((parts) => `"${parts.join('.')}"`)],
    ...[1, 2, 3].map((step): [string, Make] => [
      `tail bits of the signature, spelling ${step}`,
      edit(([h, p, s]) => {
        const last = alphabet.indexOf(s.at(-1) ?? '');
        return `${h}.${p}.${s.slice(0, -1)}${alphabet[last ^ step]}`;
      }),
    ]),
  ];
}

function structures(target: Target, now: number): [string, Make][] {
  const honest = JSON.stringify(target.claims());
  const header = JSON.stringify(target.header);
  const exp = Number(target.claims().exp);
  const bytes = (text: string, change: (bytes: Buffer) => Buffer) => change(Buffer.from(text)).toString('base64url');
  const deep = (open: string, close: string, depth: number) => `{"deep":${open.repeat(depth)}1${close.repeat(depth)}}`;
  return [
    ['nothing', () => ''],
    ['dots alone', () => '..'],
    ['two parts', async () => (await signed(target)).split('.').slice(0, 2).join('.')],
    ['four parts', async () => `${await signed(target)}.AAAA`],
    ['five parts, as encrypted tokens have', async () => `${await signed(target)}.AAAA.BBBB`],
    ['a part left empty in front', async () => `.${await signed(target)}`],
    ['JWS JSON serialisation', async () => jsonSerialisation(await signed(target))],
    ...['sub', 'iss', 'aud', 'exp', 'jti'].map((name): [string, Make] => [
      `${name} twice`,
      () => signed(target, honest.replace('{', `{${JSON.stringify(name)}:"first",`)),
    ]),
    ['sub twice, once escaped', () => signed(target, honest.replace('{', '{"s\\u0075b":"first",'))],
    ['a member twice deep inside', () => signed(target, honest.replace('{', '{"a":{"b":[{"c":1,"c":2}]},'))],
    ['a byte order mark before the claims', () => signed(target, `\ufeff${honest}`)],
    ['a byte order mark before the header', () => signed(target, {}, `\ufeff${header}`)],
    ['claims that are not UTF-8', () => signedInput(target, `${segment(header)}.${bytes(honest, notUtf8)}`)],
    ['a header that is not UTF-8', () => signedInput(target, `${bytes(header, notUtf8)}.${segment(honest)}`)],
    ['claims in UTF-16', () => signedInput(target, `${segment(header)}.${Buffer.from(honest, 'utf16le').toString('base64url')}`)],
    ['claims cut short', () => signed(target, honest.slice(0, -1))],
    ['text behind the claims', () => signed(target, `${honest}{}`)],
    ['a comment in the claims', () => signed(target, honest.replace('{', '{/**/'))],
    ['a comma too many', () => signed(target, honest.replace(/}$/, ',}'))],
    ...['[]', 'null', '"text"', '7', 'true', ''].map((text): [string, Make] => [
      `claims that are ${text || 'nothing'}`,
      () => signed(target, text),
    ]),
    ...['[]', 'null', '"text"', '{}'].map((text): [string, Make] => [`a header that is ${text}`, () => signed(target, {}, text)]),
    ['claims in an array', () => signed(target, `[${honest}]`)],
    ['exp 1e400', () => signed(target, honest.replace(`"exp":${exp}`, '"exp":1e400'))],
    ['exp -1e400', () => signed(target, honest.replace(`"exp":${exp}`, '"exp":-1e400'))],
    ['exp twice, the first over', () => signed(target, honest.replace(`"exp":${exp}`, `"exp":${now - 9_999},"exp":${exp}`))],
    ['claims nested 1,000 deep that are no claims', () => signed(target, deep('[', ']', 1_000))],
    ['claims nested as deep as fits', () => signed(target, deep('[', ']', 5_900))],
    ['claims nested 10,000 deep', () => `${segment(header)}.${segment(deep('[', ']', 10_000))}.AAAA`],
    ['objects nested 10,000 deep', () => `${segment(header)}.${segment(deep('{"a":', '}', 10_000))}.AAAA`],
    ['a header nested 10,000 deep', () => `${segment(deep('[', ']', 10_000))}.${segment(honest)}.AAAA`],
  ];
}

function times(target: Target, now: number): [string, Make][] {
  const far = now + target.maxLifetimeSeconds;
  const changes: [string, Claims][] = [
    ['exp missing', { exp: undefined }],
    ['exp null', { exp: null }],
    ['exp negative', { exp: -1 }],
    ['exp zero', { exp: 0 }],
    ['exp as text', { exp: String(now + 600) }],
    ['exp as a list', { exp: [now + 600] }],
    ['exp true', { exp: true }],
    ['exp over by an hour', { iat: now - 7_200, exp: now - 3_600 }],
    ['exp over by 61 s', { iat: now - 600, exp: now - 61 }],
    ['exp in milliseconds', { exp: (now + 600) * 1_000 }],
    ['a life longer than is admitted', { iat: now, exp: far + 3_600 }],
    ['a life of ten years', { exp: now + 10 * 365 * 86_400 }],
    ['nbf in an hour', { nbf: now + 3_600 }],
    ['nbf as text', { nbf: String(now) }],
    ['nbf negative', { nbf: -5 }],
    ['nbf null', { nbf: null }],
    ['iat in an hour', { iat: now + 3_600, exp: now + 7_200 }],
    ['iat in 90 s', { iat: now + 90, exp: now + 600 }],
    ['iat as text', { iat: String(now) }],
    ['iat negative', { iat: -1 }],
    ['iat long ago, so that the life is too long', { iat: now - 400 * 86_400 }],
  ];
  return changes.map(([name, change]): [string, Make] => [name, () => signed(target, change)]);
}

function places(target: Target): [string, Make][] {
  const iss = String(target.claims().iss);
  const aud = [target.claims().aud].flat().map(String)[0] ?? '';
  const issuers: [string, unknown][] = [
    ['with a slash behind', `${iss}/`],
    ['with a dot behind', `${iss}.`],
    ['with more behind', `${iss}.evil.example`],
    ['with a user in front', iss.replace('://', '://evil@')],
    ['in capitals', iss.toUpperCase()],
    ['by another scheme', iss.startsWith('https') ? iss.replace('https', 'http') : iss.replace('http', 'https')],
    ['with a space behind', `${iss} `],
    ['as a list', [iss]],
    ['as an object', { iss }],
    ['empty', ''],
    ['null', null],
    ['missing', undefined],
    ['that is the trap', target.trap],
    ['that is a bundle of both', `${iss},${target.trap}`],
  ];
  const audiences: [string, unknown][] = [
    ['of somebody else', 'payroll'],
    ['with a slash behind', `${aud}/`],
    ['with more behind', `${aud}.evil.example`],
    ['that ours begins', aud.slice(0, -1)],
    ['in other capitals', aud === aud.toUpperCase() ? aud.toLowerCase() : aud.toUpperCase()],
    ['as a joined text', `payroll ${aud}`],
    ['empty', ''],
    ['of an empty list', []],
    ['of a list with a number', [aud, 7]],
    ['of a nested list', [[aud]]],
    ['as an object', { [aud]: true }],
    ['null', null],
    ['missing', undefined],
    ['any', '*'],
  ];
  return [
    ...issuers.map(([what, value]): [string, Make] => [`iss ${what}`, () => signed(target, { iss: value })]),
    ...audiences.map(([what, value]): [string, Make] => [`aud ${what}`, () => signed(target, { aud: value })]),
    ['iss that is the trap, signed by its own key', () => byStranger(target, { iss: target.trap }, { alg: 'ES256' })],
  ];
}

function types(target: Target): [string, Make][] {
  return target.foreignTypes.map((typ): [string, Make] => [`typ ${JSON.stringify(typ)}`, () => signed(target, {}, { typ })]);
}

function sizes(target: Target): [string, Make][] {
  const kilobytes = (count: number) => 'x'.repeat(count * 1_024);
  return [
    ['a signed token of 16 KB', () => signed(target, { note: kilobytes(12) })],
    ['a signed token of 24 KB', () => signed(target, { note: kilobytes(18) })],
    ['a megabyte of letters', () => kilobytes(1_024)],
    ['a megabyte of dots', () => '.'.repeat(1_048_576)],
    ['a megabyte in the signature', async () => `${await signed(target)}${kilobytes(1_024)}`],
    ['a megabyte in the header', () => `${segment({ ...target.header, note: kilobytes(768) })}.${segment(target.claims())}.AAAA`],
  ];
}

const order = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex');

function ellipticSignatures(target: Target): [string, Make][] {
  const with_ = (change: (signature: Buffer) => Buffer): Make => {
    return async () => {
      const [header, payload, signature = ''] = (await signed(target)).split('.');
      return `${header}.${payload}.${change(Buffer.from(signature, 'base64url')).toString('base64url')}`;
    };
  };
  const half = (bytes: Buffer, at: 0 | 32) => bytes.subarray(at, at + 32);
  const zero = Buffer.alloc(32);
  const one = Buffer.concat([Buffer.alloc(31), Buffer.of(1)]);
  return [
    ['a signature in DER', with_((s) => derOf(s))],
    ['(0, 0)', with_(() => Buffer.alloc(64))],
    ['(0, s)', with_((s) => Buffer.concat([zero, half(s, 32)]))],
    ['(r, 0)', with_((s) => Buffer.concat([half(s, 0), zero]))],
    ['(n, n)', with_(() => Buffer.concat([order, order]))],
    ['(n, s)', with_((s) => Buffer.concat([order, half(s, 32)]))],
    ['(r, n)', with_((s) => Buffer.concat([half(s, 0), order]))],
    ['(1, 1)', with_(() => Buffer.concat([one, one]))],
    ['all bits set', with_(() => Buffer.alloc(64, 0xff))],
    ['(s, r)', with_((s) => Buffer.concat([half(s, 32), half(s, 0)]))],
    ['a byte less', with_((s) => s.subarray(0, 63))],
    ['a byte more', with_((s) => Buffer.concat([s, Buffer.of(0)]))],
    ['as long as a signature of P-384', with_((s) => Buffer.concat([zero.subarray(0, 16), half(s, 0), zero.subarray(0, 16), half(s, 32)]))],
  ];
}

/** The other of the two signatures that every ECDSA signature stands for: (r, n - s). Made by anybody, from the token alone. */
export function twinOf(token: string): string {
  const [header, payload, signature = ''] = token.split('.');
  const bytes = Buffer.from(signature, 'base64url');
  const s = BigInt(`0x${bytes.subarray(32).toString('hex')}`);
  const other = (BigInt(`0x${order.toString('hex')}`) - s).toString(16).padStart(64, '0');
  return `${header}.${payload}.${Buffer.concat([bytes.subarray(0, 32), Buffer.from(other, 'hex')]).toString('base64url')}`;
}

/** Unusual, and right. */
export async function honest(target: Target): Promise<Forgery[]> {
  const now = target.now();
  const aud = [target.claims().aud].flat()[0];
  const variants: [string, Make][] = [
    ['as it comes', () => signed(target)],
    ['with an audience list', () => signed(target, { aud: ['https://elsewhere.example', aud] })],
    ['with 4 KB of claims', () => signed(target, { note: 'x'.repeat(4_096) })],
    ['with claims of many languages', () => signed(target, { note: 'Zoë 日本語 \u{1f511} "quoted" \\ /' })],
    [
      'with claims in another order and with spaces',
      () => signed(target, JSON.stringify(Object.fromEntries(Object.entries(target.claims()).reverse()), null, 2)),
    ],
    ['with nested claims', () => signed(target, { note: { a: [{ b: [{ c: null }] }] } })],
    ['with two members of one name in different objects', () => signed(target, { a: { id: 1 }, b: { id: 2 } })],
    ['issued 45 s ahead', () => signed(target, { iat: now + 45, exp: now + 600 })],
    ['with an nbf that has passed', () => signed(target, { nbf: now - 1 })],
    ['with a header that says more', () => signed(target, {}, { note: 'harmless' })],
  ];
  return Promise.all(variants.map(async ([name, make]) => ({ name, token: await make() })));
}

function withPayload(token: string, claims: Claims): string {
  const [header, , signature] = token.split('.');
  return `${header}.${segment(claims)}.${signature}`;
}

function withHeader(token: string, header: Claims): string {
  const [, payload, signature] = token.split('.');
  return `${segment(header)}.${payload}.${signature}`;
}

function jsonSerialisation(token: string): string {
  const [header, payload, signature] = token.split('.');
  return JSON.stringify({ protected: header, payload, signature });
}

function notUtf8(bytes: Buffer): Buffer {
  const changed = Buffer.from(bytes);
  changed[bytes.indexOf('"') + 1] = 0xff;
  return changed;
}

/** X.690 DER of a JOSE signature, as OpenSSL and KMS write it. */
function derOf(signature: Buffer): Buffer {
  const integer = (bytes: Buffer) => {
    const start = bytes.findIndex((byte) => byte !== 0);
    const digits = bytes.subarray(start);
    const padded = (digits[0] ?? 0) & 0x80 ? Buffer.concat([Buffer.of(0), digits]) : digits;
    return Buffer.concat([Buffer.of(2, padded.length), padded]);
  };
  const body = Buffer.concat([integer(signature.subarray(0, 32)), integer(signature.subarray(32))]);
  return Buffer.concat([Buffer.of(0x30, body.length), body]);
}
