/** `gatehouse`: the policy's life, one's own settings and the evidence of leavers from the command line. Ends with 0, 1, 2, 3 or 4, as --help says. */
import { styleText } from 'node:util';
import { verifyFile, viewFile } from '@gatehouse/core/evidence/verdict.file';
import { ok, type Result, refuse } from '@gatehouse/core/result';
import { type Command, readCommandLine } from './command-line.ts';
import { ask, originOf, type Trouble, type Wish } from './gateway.http.ts';
import { helperOutput } from './last-good-settings.http.ts';
import { refusalPage } from './page.ts';
import { type Ask, type Failure, runPolicy } from './policy.http.ts';
import { folderOf, forgetSession, keepSession, readSession } from './session.file.ts';
import { renew, signIn, signOut } from './sign-in.http.ts';
import { verbs } from './verbs.ts';

const exits = { refused: 1, usage: 2, not_signed_in: 3, away: 4 } as const;
const renewBeforeMs = 5 * 60_000;
const folder = folderOf(process.env.XDG_CONFIG_HOME);
const coloured = process.stdout.isTTY === true && !process.env.NO_COLOR;

process.exitCode = await main();

async function main(): Promise<number> {
  const asked = readCommandLine(process.argv.slice(2), verbs);
  if (!asked.ok) return fail({ reason: 'usage', message: asked.refusal });
  if ('help' in asked.value) return say(asked.value.help);
  const { command } = asked.value;
  if (command.verb.startsWith('evidence ')) return evidence(command);
  const origin = originOf(
    command.flags.gateway?.at(-1) ?? process.env.GATEHOUSE_URL ?? readSession(folder)?.gateway ?? 'http://127.0.0.1:8787',
  );
  if (!origin.ok) return fail({ reason: 'usage', message: origin.refusal });
  return run(command, origin.value);
}

async function run(command: Command, gateway: string): Promise<number> {
  if (command.verb === 'login') return login(gateway);
  if (command.verb === 'logout') return logout();
  const token = await tokenFor(gateway);
  // A session that cannot be renewed just now is the gateway's absence too: the helper has its copy.
  const call = async (wish: Wish) => (token.ok ? ask(gateway, token.value, wish) : token);
  if (command.verb === 'policy-helper') return help(gateway, call);
  const done = await runPolicy(command, call, (style, text) => (coloured ? styleText(style, text) : text));
  if (!done.ok) return fail(done.refusal);
  return say(command.flags.json ? JSON.stringify(done.value.body, null, 2) : done.value.lines.join('\n'));
}

/** Needs no gateway and no sign-in. */
function evidence({ verb, words: [file = ''], flags }: Command): number {
  const kid = flags.kid?.at(-1);
  const json = flags.json !== undefined;
  const { code, text } = verb === 'evidence view' ? viewFile(file, kid) : verifyFile({ file, roots: flags.root ?? [], kid, json });
  if (code !== 0 && !json) console.error(text);
  else console.log(text);
  return code;
}

async function help(gateway: string, call: Ask): Promise<number> {
  const helped = await helperOutput({ gateway, folder }, call);
  if (!helped.ok) return fail(helped.refusal);
  if (helped.value.from === 'copy') console.error('The gateway does not answer: these are the settings that it gave last.');
  return say(JSON.stringify(helped.value.output));
}

async function login(gateway: string): Promise<number> {
  const signed = await signIn(gateway, (address, code) => console.error(`Open ${address}\nand confirm that it shows ${code}.`));
  if (!signed.ok) return fail(signed.refusal);
  keepSession(folder, signed.value);
  return say(`Signed in at ${gateway}.`);
}

async function logout(): Promise<number> {
  const session = readSession(folder);
  if (!session) return say('Nobody is signed in here.');
  const ended = await signOut(session);
  if (!ended.ok) return fail(ended.refusal);
  forgetSession(folder);
  return say(`Signed out of ${session.gateway}.`);
}

/** `GATEHOUSE_TOKEN`, or the session's, renewed when it is about to end. A session of another gateway is not shown to this one. */
async function tokenFor(gateway: string): Promise<Result<string, Trouble>> {
  const given = process.env.GATEHOUSE_TOKEN;
  if (given) return ok(given);
  const session = readSession(folder);
  if (!session || session.gateway !== gateway)
    return refuse({ reason: 'not_signed_in', message: `You are not signed in at ${gateway}: gatehouse login --gateway ${gateway}` });
  if (session.ends_at - Date.now() > renewBeforeMs || !session.refresh_token) return ok(session.access_token);
  const renewed = await renew(session);
  if (!renewed.ok) return renewed.refusal.reason === 'away' && session.ends_at > Date.now() ? ok(session.access_token) : renewed;
  keepSession(folder, renewed.value);
  return ok(renewed.value.access_token);
}

function say(text: string): number {
  console.log(text);
  return 0;
}

function fail(failure: Failure): number {
  const lines = failure.reason === 'refused' ? refusalPage(failure.message, failure.body) : [failure.message];
  if (failure.reason === 'not_signed_in') lines.push('Sign in: gatehouse login, or set GATEHOUSE_TOKEN.');
  console.error(lines.join('\n'));
  return exits[failure.reason];
}
