/**
 * SSM's Parameter Store: parameters with versions, kept in the data folder as they are. A SecureString is shown only to who asks for it
 * decrypted; behind that is no KMS. Policies, labels, and public parameters are not here.
 */
import { createHash } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { readDocument, writeDocument } from '../durable-file.ts';
import { AwsError, type AwsService, account, region } from './service.ts';

interface Version {
  value: string;
  type: 'String' | 'StringList' | 'SecureString';
  /** Milliseconds. */
  at: number;
  description?: string;
}
interface Parameter {
  name: string;
  /** Oldest first; the first is number `firstVersion`. */
  versions: Version[];
  firstVersion: number;
}

const types = ['String', 'StringList', 'SecureString'] as const;
const maxVersions = 100;
const maxCharacters = 4096;

export function createParameters({ clock, path }: { clock: Clock; path?: string }): AwsService {
  const kept = (path === undefined ? undefined : (readDocument(path) as Parameter[] | undefined)) ?? [];
  const parameters = new Map(kept.map((parameter) => [parameter.name, parameter]));

  function save(): void {
    if (path !== undefined) writeDocument(path, [...parameters.values()]);
  }
  /** `name`, `name:version`, or an ARN of either. */
  function find(reference: unknown): { parameter: Parameter; version: Version; number: number } | undefined {
    const plain = String(reference).replace(/^arn:aws:ssm:[\w-]+:\d+:parameter(?=\/)/, '');
    const [name = '', asked] = plain.split(':');
    const parameter = parameters.get(name) ?? parameters.get(name.slice(1));
    if (!parameter) return undefined;
    const number = asked === undefined ? parameter.firstVersion + parameter.versions.length - 1 : Number(asked);
    const version = parameter.versions[number - parameter.firstVersion];
    return version && { parameter, version, number };
  }
  function put(input: Record<string, unknown>) {
    const { Name: name, Value: value, Overwrite, Description } = input;
    if (typeof name !== 'string' || !/^[\w.\-/]{1,1011}$/.test(name) || (name.includes('/') && !name.startsWith('/')))
      throw invalid('Parameter name: can only consist of a-z, A-Z, 0-9, _ . - and /, and is fully qualified where it holds a /');
    if (typeof value !== 'string' || value.length < 1 || value.length > maxCharacters)
      throw invalid(`Standard tier parameters support a maximum parameter value of ${maxCharacters} characters, and at least one`);
    const known = parameters.get(name);
    const type = types.find((one) => one === (input.Type ?? known?.versions.at(-1)?.type));
    if (!type) throw invalid('A parameter type is required when you create a parameter: String, StringList or SecureString');
    if (known && Overwrite !== true)
      throw new AwsError(
        'ParameterAlreadyExists',
        'The parameter already exists. To overwrite this value, set the overwrite option in the request to true.',
      );
    const version: Version = { value, type, at: clock.now(), ...(typeof Description === 'string' && { description: Description }) };
    const versions = [...(known?.versions ?? []), version];
    const dropped = Math.max(0, versions.length - maxVersions);
    const parameter = { name, versions: versions.slice(dropped), firstVersion: (known?.firstVersion ?? 1) + dropped };
    parameters.set(name, parameter);
    save();
    return { Version: parameter.firstVersion + parameter.versions.length - 1, Tier: 'Standard' };
  }
  function remove(name: unknown): boolean {
    const found = find(name);
    return found !== undefined && parameters.delete(found.parameter.name);
  }
  const sorted = () => [...parameters.keys()].sort();

  return {
    targets: ['AmazonSSM'],
    json: '1.1',
    operations: {
      PutParameter: put,
      GetParameter(input) {
        const found = find(input.Name);
        if (!found) throw missing();
        return { Parameter: shown(found, input.WithDecryption === true) };
      },
      GetParameters(input) {
        const names: unknown[] = Array.isArray(input.Names) ? input.Names : [];
        if (names.length < 1 || names.length > 10) throw invalid('Names holds 1 to 10 names');
        const found = names.map((name) => [name, find(name)] as const);
        return {
          Parameters: found.flatMap(([, one]) => (one ? [shown(one, input.WithDecryption === true)] : [])),
          InvalidParameters: found.filter(([, one]) => !one).map(([name]) => name),
        };
      },
      GetParametersByPath(input) {
        const prefix = `${String(input.Path).replace(/\/$/, '')}/`;
        const isBelow = (name: string) => name.startsWith(prefix) && (input.Recursive === true || !name.slice(prefix.length).includes('/'));
        const { page, NextToken } = paged(sorted().filter(isBelow), input, 10);
        return { Parameters: page.flatMap((name) => found(name, input.WithDecryption === true)), NextToken };
      },
      DescribeParameters(input) {
        if (input.Filters ?? input.ParameterFilters) throw invalid('Filters of DescribeParameters are not in the embedded stack');
        const { page, NextToken } = paged(sorted(), input, 50);
        const metadata = page.flatMap((name) => {
          const one = find(name);
          if (!one) return [];
          const { Value: _value, ...rest } = shown(one, false);
          return [{ ...rest, Description: one.version.description, Tier: 'Standard' }];
        });
        return { Parameters: metadata, NextToken };
      },
      GetParameterHistory(input) {
        const parameter = find(input.Name)?.parameter;
        if (!parameter) throw missing();
        const { name, versions, firstVersion } = parameter;
        return {
          Parameters: versions.map((_version, index) => found(`${name}:${firstVersion + index}`, input.WithDecryption === true)[0]),
        };
      },
      DeleteParameter(input) {
        if (!remove(input.Name)) throw missing();
        save();
        return {};
      },
      DeleteParameters(input) {
        const names: unknown[] = Array.isArray(input.Names) ? input.Names : [];
        const deleted = names.filter(remove);
        save();
        return { DeletedParameters: deleted, InvalidParameters: names.filter((name) => !deleted.includes(name)) };
      },
    },
  };

  function found(name: string, decrypted: boolean) {
    const one = find(name);
    return one ? [shown(one, decrypted)] : [];
  }
}

function shown(
  { parameter: { name }, version: { value, type, at }, number }: { parameter: Parameter; version: Version; number: number },
  decrypted: boolean,
) {
  const hidden = type === 'SecureString' && !decrypted;
  return {
    Name: name,
    Type: type,
    // What AWS shows there is a ciphertext: something that tells nothing.
    Value: hidden ? createHash('sha512').update(`${name} ${number} ${value}`).digest('base64') : value,
    Version: number,
    LastModifiedDate: at / 1000,
    ARN: `arn:aws:ssm:${region}:${account}:parameter${name.startsWith('/') ? '' : '/'}${name}`,
    DataType: 'text',
  };
}

function paged(names: readonly string[], { NextToken, MaxResults }: Record<string, unknown>, most: number) {
  const rest = names.filter((name) => typeof NextToken !== 'string' || name > NextToken);
  const page = rest.slice(0, Math.min(Number(MaxResults ?? most), most));
  return { page, NextToken: page.length < rest.length ? page.at(-1) : undefined };
}

function missing(): AwsError {
  return new AwsError('ParameterNotFound', '');
}
function invalid(message: string): AwsError {
  return new AwsError('ValidationException', message);
}
