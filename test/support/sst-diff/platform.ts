/** Has SST unpack its platform into `.sst` and install it from the package registry, once; says so before. Never touches AWS. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root, sstBinary, sstEnvironment, workFolder } from './environment.ts';

const done = path.join(workFolder, 'platform-installed');

export function ensurePlatform(): void {
  const { version } = JSON.parse(readFileSync(path.join(root, 'node_modules', 'sst', 'package.json'), 'utf8'));
  if (existsSync(done) && readFileSync(done, 'utf8') === version) return;
  console.log(`Fetching the platform of SST ${version} from the package registry, once (about 40 s, 320 MB in .sst) ...`);
  const { status, stdout, stderr } = spawnSync(sstBinary, ['install'], {
    cwd: root,
    env: { ...sstEnvironment('http://127.0.0.1:9'), SST_STAGE: 'evaluation' },
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`"sst install" ended with ${status}; is the package registry reachable?\n${stdout}${stderr}`);
  mkdirSync(workFolder, { recursive: true });
  writeFileSync(done, version);
}

if (import.meta.main) ensurePlatform();
