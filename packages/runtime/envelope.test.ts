import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKms } from '@gatehouse/local/aws/kms';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startAws, type TestAws } from '../../test/support/aws.ts';
import { opened, sealed } from './envelope.ts';

let aws: TestAws;
let keyArn: string;
const folder = mkdtempSync(join(tmpdir(), 'gatehouse-envelope-'));

beforeAll(async () => {
  aws = await startAws((clock) => [createKms({ clock, path: join(folder, 'kms.json') })]);
  const headers = { 'x-amz-target': 'TrentService.CreateKey', 'content-type': 'application/x-amz-json-1.1' };
  const answer = await fetch(aws.url, { method: 'POST', headers, body: JSON.stringify({ KeySpec: 'SYMMETRIC_DEFAULT' }) });
  keyArn = ((await answer.json()) as { KeyMetadata: { Arn: string } }).KeyMetadata.Arn;
});
afterAll(async () => {
  await aws.close();
  rmSync(folder, { recursive: true });
});

const secret = 'sk-a-key-of-somebody';
const theirs = { person: 'per_1', alias: 'one' };

it('a secret comes back for whom it was sealed, and is nowhere in what is kept', async () => {
  const envelope = await sealed(keyArn, secret, theirs);
  expect(JSON.stringify(envelope)).not.toContain(Buffer.from(secret).toString('base64').slice(0, 12));
  expect(await opened(keyArn, envelope, theirs)).toBe(secret);
  expect((await sealed(keyArn, secret, theirs)).text, 'twice the same is not the same').not.toBe(envelope.text);
});

it('opens for nobody else', async () => {
  const envelope = await sealed(keyArn, secret, theirs);
  await expect(opened(keyArn, envelope, { ...theirs, person: 'per_2' })).rejects.toMatchObject({ name: 'Misconfigured' });
});

it('opens no more once it was altered', async () => {
  const envelope = await sealed(keyArn, secret, theirs);
  const text = Buffer.from(envelope.text, 'base64');
  text[0] = (text[0] ?? 0) ^ 1;
  await expect(opened(keyArn, { ...envelope, text: text.toString('base64') }, theirs)).rejects.toThrow();
});
