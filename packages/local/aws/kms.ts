/**
 * KMS for the embedded stack: P-256 signing keys, symmetric keys and HMAC keys, by id, ARN or alias, kept in one durable file. Key
 * policies are not evaluated here, grants and rotation are not offered, and a DIGEST cannot be signed.
 */
import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  randomBytes,
  randomUUID,
  sign,
  timingSafeEqual,
  verify,
} from 'node:crypto';
import type { Clock } from '../clock.ts';
import { decrypt, encrypt, keyIdOf } from './kms/cipher.ts';
import {
  aliasName,
  bytes,
  type CipherInput,
  contextOf,
  type KeyInput,
  longestMessageBytes,
  type MessageInput,
  mustBe,
  type PageInput,
  page,
  rawMessage,
} from './kms/input.ts';
import { aliasArn, isSpec, type Key, keyArn, metadata, mustNotBeDying, mustServe, newMaterial, specs, type Usage } from './kms/key.ts';
import { openKeyring } from './kms/keyring.ts';
import { AwsError, type AwsService, type Operation } from './service.ts';

/** `path` is the file that holds the keys, made when missing; without it they live in memory. */
export function createKms(options: { clock: Clock; path?: string }): AwsService {
  const { rows, save, now, find, alive, byId, aliasOf } = openKeyring(options);
  const privateKeys = new WeakMap<Key, KeyObject>();

  function serving(keyId: string | undefined, usage: Usage, operation: string): Key {
    const key = find(keyId, 'or by alias');
    mustServe(key, usage, operation);
    return key;
  }
  function privateKey(key: Key): KeyObject {
    const known = privateKeys.get(key);
    if (known) return known;
    const made = createPrivateKey({ key: Buffer.from(key.material, 'base64'), format: 'der', type: 'pkcs8' });
    privateKeys.set(key, made);
    return made;
  }

  const keys: Record<string, Operation> = {
    CreateKey: (input: {
      KeySpec?: string;
      CustomerMasterKeySpec?: string;
      KeyUsage?: string;
      Description?: string;
      Tags?: Key['tags'];
    }) => {
      const spec = input.KeySpec ?? input.CustomerMasterKeySpec ?? 'SYMMETRIC_DEFAULT';
      if (!isSpec(spec)) throw new AwsError('UnsupportedOperationException', `Key spec ${spec} is not in the embedded stack`);
      const { usage } = specs[spec];
      const asked = input.KeyUsage ?? 'ENCRYPT_DECRYPT';
      if (asked !== usage) throw new AwsError('ValidationException', `KeyUsage ${asked} is not compatible with KeySpec ${spec}`);
      const key: Key = {
        id: randomUUID(),
        spec,
        usage,
        description: input.Description ?? '',
        created: now(),
        state: 'Enabled',
        material: newMaterial(spec),
        tags: input.Tags ?? [],
      };
      rows.keys[key.id] = key;
      save();
      return { KeyMetadata: metadata(key) };
    },
    DescribeKey: (input: KeyInput) => ({ KeyMetadata: metadata(find(input.KeyId, 'or by alias')) }),
    ListKeys: (input: PageInput) => {
      const all = Object.keys(rows.keys).filter((id) => alive(id));
      return page(all, input, 'Keys', (id) => ({ KeyId: id, KeyArn: keyArn(id) }));
    },
    ListResourceTags: (input: KeyInput) => ({ Tags: find(input.KeyId, 'not by alias').tags, Truncated: false }),
    EnableKey: (input: KeyInput) => {
      const key = find(input.KeyId, 'not by alias');
      mustNotBeDying(key);
      key.state = 'Enabled';
      save();
    },
    DisableKey: (input: KeyInput) => {
      const key = find(input.KeyId, 'not by alias');
      mustNotBeDying(key);
      key.state = 'Disabled';
      save();
    },
    ScheduleKeyDeletion: (input: KeyInput & { PendingWindowInDays?: number }) => {
      const days = input.PendingWindowInDays ?? 30;
      if (!Number.isInteger(days) || days < 7 || days > 30)
        throw new AwsError('ValidationException', `PendingWindowInDays must be between 7 and 30, not ${days}`);
      const key = find(input.KeyId, 'not by alias');
      mustNotBeDying(key);
      key.state = 'PendingDeletion';
      key.deletion = now() + days * 86_400;
      save();
      return { KeyId: keyArn(key.id), DeletionDate: key.deletion, KeyState: key.state, PendingWindowInDays: days };
    },
    CancelKeyDeletion: (input: KeyInput) => {
      const key = find(input.KeyId, 'not by alias');
      if (key.state !== 'PendingDeletion') throw new AwsError('KMSInvalidStateException', `${keyArn(key.id)} is not pending deletion.`);
      key.state = 'Disabled';
      delete key.deletion;
      save();
      return { KeyId: keyArn(key.id) };
    },
  };

  const aliases: Record<string, Operation> = {
    CreateAlias: (input: { AliasName?: string; TargetKeyId?: string }) => {
      const name = aliasName(input.AliasName);
      const key = find(input.TargetKeyId, 'not by alias');
      mustNotBeDying(key);
      if (Object.hasOwn(rows.aliases, name))
        throw new AwsError('AlreadyExistsException', `An alias with the name ${aliasArn(name)} already exists`);
      rows.aliases[name] = { target: key.id, created: now(), updated: now() };
      save();
    },
    UpdateAlias: (input: { AliasName?: string; TargetKeyId?: string }) => {
      const alias = aliasOf(aliasName(input.AliasName));
      const key = find(input.TargetKeyId, 'not by alias');
      mustNotBeDying(key);
      if (byId(alias.target).spec !== key.spec)
        throw new AwsError('ValidationException', 'The current and the new key of an alias must be of the same type');
      alias.target = key.id;
      alias.updated = now();
      save();
    },
    DeleteAlias: (input: { AliasName?: string }) => {
      const name = aliasName(input.AliasName);
      aliasOf(name);
      delete rows.aliases[name];
      save();
    },
    ListAliases: (input: PageInput) => {
      const of = input.KeyId === undefined ? undefined : find(input.KeyId, 'not by alias').id;
      const all = Object.entries(rows.aliases).filter(([, alias]) => alive(alias.target) && (of === undefined || alias.target === of));
      return page(all, input, 'Aliases', ([name, alias]) => ({
        AliasName: name,
        AliasArn: aliasArn(name),
        TargetKeyId: alias.target,
        CreationDate: alias.created,
        LastUpdatedDate: alias.updated,
      }));
    },
  };

  const signing: Record<string, Operation> = {
    GetPublicKey: (input: KeyInput) => {
      const key = serving(input.KeyId, 'SIGN_VERIFY', 'GetPublicKey');
      const der = createPublicKey(privateKey(key)).export({ format: 'der', type: 'spki' });
      return {
        KeyId: keyArn(key.id),
        PublicKey: der.toString('base64'),
        KeySpec: key.spec,
        CustomerMasterKeySpec: key.spec,
        KeyUsage: key.usage,
        ...specs[key.spec].algorithms,
      };
    },
    Sign: (input: MessageInput) => {
      const message = rawMessage(input);
      const key = serving(input.KeyId, 'SIGN_VERIFY', 'Sign');
      mustBe('ECDSA_SHA_256', input.SigningAlgorithm, key);
      const signature = sign('sha256', message, privateKey(key)).toString('base64');
      return { KeyId: keyArn(key.id), Signature: signature, SigningAlgorithm: input.SigningAlgorithm };
    },
    Verify: (input: MessageInput) => {
      const message = rawMessage(input);
      const signature = bytes(input.Signature, 'signature');
      const key = serving(input.KeyId, 'SIGN_VERIFY', 'Verify');
      mustBe('ECDSA_SHA_256', input.SigningAlgorithm, key);
      if (!verify('sha256', message, createPublicKey(privateKey(key)), signature)) throw new AwsError('KMSInvalidSignatureException', '');
      return { KeyId: keyArn(key.id), SignatureValid: true, SigningAlgorithm: input.SigningAlgorithm };
    },
    GenerateMac: (input: MessageInput) => {
      const [key, mac] = macOf(input, 'GenerateMac');
      return { KeyId: keyArn(key.id), Mac: mac.toString('base64'), MacAlgorithm: input.MacAlgorithm };
    },
    VerifyMac: (input: MessageInput) => {
      const claimed = bytes(input.Mac, 'mac');
      const [key, mac] = macOf(input, 'VerifyMac');
      if (claimed.length !== mac.length || !timingSafeEqual(claimed, mac)) throw new AwsError('KMSInvalidMacException', '');
      return { KeyId: keyArn(key.id), MacValid: true, MacAlgorithm: input.MacAlgorithm };
    },
  };
  function macOf(input: MessageInput, operation: string): [Key, Buffer] {
    const message = bytes(input.Message, 'message', longestMessageBytes);
    const key = serving(input.KeyId, 'GENERATE_VERIFY_MAC', operation);
    mustBe('HMAC_SHA_256', input.MacAlgorithm, key);
    return [key, createHmac('sha256', Buffer.from(key.material, 'base64')).update(message).digest()];
  }

  const ciphers: Record<string, Operation> = {
    Encrypt: (input: CipherInput) => {
      const plaintext = bytes(input.Plaintext, 'plaintext', longestMessageBytes);
      const key = serving(input.KeyId, 'ENCRYPT_DECRYPT', 'Encrypt');
      mustBe('SYMMETRIC_DEFAULT', input.EncryptionAlgorithm ?? 'SYMMETRIC_DEFAULT', key);
      const blob = encrypt(key, plaintext, contextOf(input));
      return { KeyId: keyArn(key.id), CiphertextBlob: blob.toString('base64'), EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' };
    },
    Decrypt: (input: CipherInput) => {
      const blob = bytes(input.CiphertextBlob, 'ciphertextBlob');
      const key = serving(keyIdOf(blob), 'ENCRYPT_DECRYPT', 'Decrypt');
      if (input.KeyId !== undefined && find(input.KeyId, 'or by alias').id !== key.id)
        throw new AwsError('IncorrectKeyException', 'The key ID in the request does not identify a CMK that can perform this operation.');
      const plaintext = decrypt(key, blob, contextOf(input));
      return { KeyId: keyArn(key.id), Plaintext: plaintext.toString('base64'), EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' };
    },
    GenerateDataKey: (input: CipherInput) => {
      const [key, plaintext, blob] = dataKey(input, 'GenerateDataKey');
      return { KeyId: keyArn(key.id), Plaintext: plaintext.toString('base64'), CiphertextBlob: blob.toString('base64') };
    },
    GenerateDataKeyWithoutPlaintext: (input: CipherInput) => {
      const [key, , blob] = dataKey(input, 'GenerateDataKeyWithoutPlaintext');
      return { KeyId: keyArn(key.id), CiphertextBlob: blob.toString('base64') };
    },
  };
  function dataKey(input: CipherInput, operation: string): [Key, Buffer, Buffer] {
    if ((input.KeySpec === undefined) === (input.NumberOfBytes === undefined))
      throw new AwsError('ValidationException', 'Please specify either number of bytes or key spec.');
    const length = input.NumberOfBytes ?? { AES_256: 32, AES_128: 16 }[input.KeySpec ?? ''];
    if (length === undefined || !Number.isInteger(length) || length < 1 || length > 1024)
      throw new AwsError('ValidationException', 'A data key is AES_256, AES_128 or 1 to 1024 bytes long');
    const key = serving(input.KeyId, 'ENCRYPT_DECRYPT', operation);
    const plaintext = randomBytes(length);
    return [key, plaintext, encrypt(key, plaintext, contextOf(input))];
  }

  return { targets: ['TrentService'], json: '1.1', operations: { ...keys, ...aliases, ...signing, ...ciphers } };
}
