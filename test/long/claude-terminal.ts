/**
 * The real Claude Code in a room of its own: an empty home, no variable of ours, machine-managed settings that only it sees, and no way to anything but
 * loopback. `script` gives it a terminal. Asserts nothing.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Ran {
  code: number | null;
  output: string;
}

export interface Terminal {
  /** Everything on the screen since the last call, without its colours; resolves when it matches, throws when it does not within 30 s. */
  see(pattern: RegExp): Promise<string>;
  press(keys: string): void;
  ended: Promise<Ran>;
}

export interface ClaudeCode {
  /** Without a terminal, as `-p` wants it. */
  run(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ran>;
  open(args: readonly string[]): Terminal;
  /** What it keeps to stay signed in. */
  refreshToken(): Promise<string>;
  close(): Promise<void>;
}

const patienceMs = 30_000;

/** @param managed whether the machine's administrator demands the gateway. */
export async function claudeCode(binary: string, gateway: string, { managed = true } = {}): Promise<ClaudeCode> {
  const room = await mkdtemp(join(tmpdir(), 'claude-'));
  const [home, etc] = [join(room, 'home'), join(room, 'etc')];
  await mkdir(home);
  // Where the binary looks for managed settings: its mount namespace sees this folder in place of the machine's own.
  await mkdir(etc);
  for (const name of ['passwd', 'group', 'hosts', 'nsswitch.conf', 'resolv.conf', 'ld.so.cache', 'localtime'])
    await cp(join('/etc', name), join(etc, name), { dereference: true }).catch(() => {});
  await mkdir(join(etc, 'claude-code'), { recursive: true });
  const demands = { parentSettingsBehavior: 'merge', forceLoginMethod: 'gateway', forceLoginGatewayUrl: gateway };
  if (managed) await writeFile(join(etc, 'claude-code', 'managed-settings.json'), JSON.stringify(demands));
  const nowhere = 'http://127.0.0.1:9';
  const clean = {
    HOME: home,
    PATH: '/usr/bin:/bin',
    TERM: 'xterm-256color',
    LANG: 'C.UTF-8',
    BROWSER: '/bin/true',
    DISABLE_AUTOUPDATER: '1',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    HTTPS_PROXY: nowhere,
    HTTP_PROXY: nowhere,
    NO_PROXY: '127.0.0.1,localhost',
  };
  const inRoom = 'mount --bind "$0" /etc && exec "$@"';

  function run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
    const child = spawn('/usr/bin/unshare', ['--mount', '--map-root-user', 'sh', '-c', inRoom, etc, binary, ...args], {
      cwd: home,
      env: { ...clean, ...env },
    });
    child.stdin.end();
    return ranOf(child);
  }

  function open(args: readonly string[]): Terminal {
    const command = `stty cols 200 rows 50; exec unshare --mount --map-root-user sh -c '${inRoom}' ${[etc, binary, ...args].map(quoted).join(' ')}`;
    const child = spawn('/usr/bin/script', ['-qfec', command, '/dev/null'], { cwd: home, env: clean });
    let shown = '';
    const take = (chunk: Buffer) => {
      shown += plain(chunk.toString('utf8'));
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    return {
      ended: ranOf(child),
      press: (keys) => void child.stdin.write(keys),
      see: async (pattern) => {
        const deadline = performance.now() + patienceMs;
        while (!pattern.test(shown)) {
          if (performance.now() > deadline) throw new Error(`The terminal never showed ${pattern}:\n${shown}`);
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
        const seen = shown;
        shown = '';
        return seen;
      },
    };
  }

  async function refreshToken(): Promise<string> {
    const kept = JSON.parse(await readFile(join(home, '.claude', '.credentials.json'), 'utf8')) as {
      enterpriseGateway: { idpRefreshToken: string };
    };
    return kept.enterpriseGateway.idpRefreshToken;
  }

  return { run, open, refreshToken, close: () => rm(room, { recursive: true, force: true }) };
}

function ranOf(child: ChildProcessWithoutNullStreams): Promise<Ran> {
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString('utf8');
    });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output: plain(output) }));
  });
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Moves of the cursor become spaces; colours and titles go. */
function plain(text: string): string {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out.
      .replace(/\x1b\[\d*C/g, ' ')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out.
      .replace(/\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[[(][0-9;?<>=]*[a-zA-Z]|\x1b[=>78]/g, '')
  );
}
