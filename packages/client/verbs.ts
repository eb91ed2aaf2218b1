/** The commands there are: their words, their flags and what each is for. Does none of them. */
import type { Verb } from './command-line.ts';

const file = 'FILE';
const reason = { value: 'TEXT', says: 'why, for the history' } as const;

export const verbs: readonly Verb[] = [
  { name: 'login', words: [], says: 'signs in by your browser and keeps the session on this machine', flags: {} },
  { name: 'logout', words: [], says: 'ends the session and forgets it', flags: {} },
  { name: 'auth status', words: [], says: 'which upstreams the gateway asks, with which credential each, and what it ignores', flags: {} },
  {
    name: 'policy show',
    words: [],
    says: 'the document in force, as YAML',
    flags: { version: { value: 'N', says: 'an earlier one' } },
  },
  {
    name: 'policy publish',
    words: [file],
    says: 'puts a document (YAML or JSON, - for standard input) in force',
    flags: {
      reason,
      'if-version': { value: 'N', says: 'only when this version is in force; otherwise the one in force now' },
      'give-up-administration': { says: 'you mean it when you would no longer administer' },
    },
  },
  {
    name: 'policy explain',
    words: [],
    says: 'why somebody may or may not, and what would change it',
    flags: {
      model: { value: 'NAME', says: 'a model in any spelling' },
      tool: { value: 'NAME', says: 'a tool, or a call such as "Bash(curl x)"' },
      person: { value: 'WHO', says: 'an id or an address; yourself otherwise' },
    },
  },
  {
    name: 'policy simulate',
    words: [file],
    says: 'tries a document on everybody and on the last days of the ledger',
    flags: {
      days: { value: 'N', says: 'of the ledger, 0 to 90; 30 otherwise' },
      person: { value: 'WHO', many: true, says: 'somebody to look at' },
      group: { value: 'NAME', many: true, says: 'a group to look at' },
    },
  },
  {
    name: 'policy diff',
    words: [`${file}|FROM`, '[TO]'],
    says: 'a document against the one in force, or two versions, in plain words',
    flags: {},
  },
  { name: 'policy versions', words: [], says: 'who published what, when and why', flags: {} },
  { name: 'policy rollback', words: ['VERSION'], says: 'puts an earlier document in force again, as a new version', flags: { reason } },
  {
    name: 'policy import',
    words: [file],
    says: "drafts a document from a Claude apps gateway's configuration (YAML or JSON) or from NAME=VALUE lines, and lists what was left",
    flags: {},
  },
  {
    name: 'policy clients',
    words: [],
    says: 'which clients run under the policy that they were given, and which do not',
    flags: {
      standing: { value: 'WORD', says: 'drifted, unmanaged, outdated, unproven or proven' },
      group: { value: 'NAME', says: 'of people in this group' },
    },
  },
  {
    name: 'evidence verify',
    words: [file],
    says: 'checks a packet of evidence, or a root, on this machine: nobody is asked',
    flags: {
      root: { value: 'FILE', many: true, says: 'a signed root that must hold the packet' },
      kid: { value: 'KID', says: 'the thumbprint of the key that must have signed' },
    },
  },
  {
    name: 'evidence view',
    words: [file],
    says: 'a packet of evidence as a page (HTML) for auditors',
    flags: { kid: { value: 'KID', says: 'the thumbprint of the key that must have signed' } },
  },
  {
    name: 'policy-helper',
    words: [],
    says: "prints managed settings as Claude Code's policyHelper does, from the last good copy when the gateway is away",
    flags: {},
  },
];
