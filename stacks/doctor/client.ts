/** What this machine shows: where the gateway's name leads, and what an earlier sign-in left behind. Reads only. */
import { resolve4, resolve6 } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { BlockList } from 'node:net';
import path from 'node:path';
import { type Finding, ok, unknown, wrong } from './finding.ts';

const privateRanges = new BlockList();
for (const [address, bits] of [
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['100.64.0.0', 10],
] as const)
  privateRanges.addSubnet(address, bits);

export interface Resolver {
  resolve4(name: string): Promise<string[]>;
  resolve6(name: string): Promise<string[]>;
}

/** The CLI refuses a gateway whose name leads to a public address. */
export async function lookAtName(name: string, resolver: Resolver = { resolve4, resolve6 }): Promise<Finding> {
  try {
    const [four, six] = await Promise.all([resolver.resolve4(name), resolver.resolve6(name).catch(() => [])]);
    const open = four.filter((address) => !privateRanges.check(address));
    if (open.length > 0)
      return wrong('name', `${name} leads to ${open.join(', ')}, which is public`, 'let its A record name the VPC endpoint alone');
    if (six.length > 0) return wrong('name', `${name} has an IPv6 address`, 'remove its AAAA record: the CLI wants a private IPv4 address');
    return ok('name', `${name} leads to ${four.join(', ')}`);
  } catch (error) {
    return unknown('name', `${name} leads nowhere from here: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** @param home the person's folder. */
export async function lookAtClient(home: string, name: string): Promise<Finding | undefined> {
  const file = path.join(home, '.claude', 'remote-settings.json');
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const hosts = [...text.matchAll(/https?:\/\/([a-z0-9.-]+)/gi)].map(([, host = '']) => host.toLowerCase());
  const stale = hosts.find((host) => host !== name && /claude|gate/.test(host));
  return stale
    ? wrong('client', `${file} still names ${stale}`, 'run `claude auth logout`, then sign in again')
    : ok('client', 'no earlier gateway is remembered on this machine');
}
