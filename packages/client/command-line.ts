/** Reads the words of the command line into one command with its flags, or says what to write instead. Runs nothing. */
import { ok, type Result, refuse } from '@gatehouse/core/result';

interface Flag {
  /** A flag without one is a switch. */
  value?: string;
  many?: true;
  says: string;
}

export interface Verb {
  /** `policy show`. */
  name: string;
  /** Words after the name, as the help shows them; those in brackets may be left out. */
  words: readonly string[];
  says: string;
  flags: Readonly<Record<string, Flag>>;
}

export interface Command {
  verb: string;
  words: string[];
  flags: Readonly<Record<string, readonly string[]>>;
}

export type Asked = { help: string } | { command: Command };

const everywhere: Readonly<Record<string, Flag>> = {
  gateway: { value: 'URL', says: 'the gateway; otherwise GATEHOUSE_URL, or where you signed in last' },
  json: { says: 'the answer as the gateway gives it' },
  help: { says: 'this page' },
};

/** @param argv without the interpreter and the script. */
export function readCommandLine(argv: readonly string[], verbs: readonly Verb[]): Result<Asked, string> {
  const named = argv.filter((word) => !word.startsWith('-'));
  const verb = verbs.find(({ name }) => name.split(' ').every((part, index) => argv[index] === part));
  const asksHelp = argv.includes('--help') || argv.includes('-h');
  if (!verb) {
    if (asksHelp || argv.length === 0 || named[0] === 'help')
      return ok({
        help: overview(
          verbs,
          named.find((word) => word !== 'help'),
        ),
      });
    const near = verbs.filter(({ name }) => name.split(' ')[0] === argv[0]).map(({ name }) => name);
    return refuse(`There is no "${named.slice(0, 2).join(' ')}". ${near.length > 0 ? `There are: ${near.join(', ')}` : 'See --help'}.`);
  }
  if (asksHelp) return ok({ help: pageOf(verb) });
  return readFlags(argv.slice(verb.name.split(' ').length), verb);
}

function readFlags(argv: readonly string[], verb: Verb): Result<Asked, string> {
  const known = { ...verb.flags, ...everywhere };
  const words: string[] = [];
  const flags: Record<string, string[]> = {};
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] ?? '';
    if (!word.startsWith('--')) {
      words.push(word);
      continue;
    }
    const [name = '', inline] = split(word.slice(2));
    const flag = Object.hasOwn(known, name) ? known[name] : undefined;
    if (!flag)
      return refuse(
        `"${verb.name}" knows no --${name}; it knows ${Object.keys(known)
          .map((one) => `--${one}`)
          .join(', ')}.`,
      );
    if (!flag.value && inline !== undefined) return refuse(`--${name} takes no value.`);
    const value = flag.value ? (inline ?? argv[++at]) : 'yes';
    if (value === undefined || (flag.value && inline === undefined && value.startsWith('--')))
      return refuse(`Write --${name} ${flag.value}.`);
    flags[name] = [...(flag.many ? (flags[name] ?? []) : []), value];
  }
  const needed = verb.words.filter((word) => !word.startsWith('[')).length;
  if (words.length < needed) return refuse(`Write: gatehouse ${usageOf(verb)}`);
  if (words.length > verb.words.length)
    return refuse(`"${words[verb.words.length]}" is one word too many. Write: gatehouse ${usageOf(verb)}`);
  return ok({ command: { verb: verb.name, words, flags } });
}

function split(word: string): [string, string | undefined] {
  const at = word.indexOf('=');
  return at < 0 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)];
}

function usageOf({ name, words }: Verb): string {
  return [name, ...words].join(' ');
}

function overview(verbs: readonly Verb[], topic: string | undefined): string {
  const shown = verbs.filter(({ name }) => topic === undefined || name.split(' ')[0] === topic);
  const rows = (shown.length > 0 ? shown : verbs).map((verb) => [usageOf(verb), verb.says] as const);
  return [
    'gatehouse <command> [flags]',
    '',
    ...columns(rows),
    '',
    'A command with --help says its flags. GATEHOUSE_TOKEN stands for a sign-in.',
    'Ends with 0 when it was done, 1 when the gateway refused, 2 when the command was not understood, 3 when you are not signed in, 4 when the gateway did not answer.',
  ].join('\n');
}

function pageOf(verb: Verb): string {
  const rows = Object.entries({ ...verb.flags, ...everywhere }).map(
    ([name, { value, many, says }]) => [`--${name}${value ? ` ${value}` : ''}`, many ? `${says}; may come several times` : says] as const,
  );
  return [`gatehouse ${usageOf(verb)}`, '', verb.says, '', ...columns(rows)].join('\n');
}

function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
