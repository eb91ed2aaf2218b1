/** Asks the directories that are heard by asking: Entra ID's delta queries and Google Workspace's audit log. Each is asked, whatever becomes of the others. */
import { now as clock } from '@gatehouse/runtime/clock';
import { readEnv } from '@gatehouse/runtime/environment';
import { log } from '@gatehouse/runtime/log';
import * as z from 'zod';
import { directoryOf, reach } from './configured.directory.ts';
import { tellRefusedRead } from './refused-read.dynamo.ts';
import { heardFrom } from './source.dynamo.ts';

export const env = z.object(reach);

export async function handler(): Promise<void> {
  const reached = readEnv(env);
  const table = reached.TABLE_PEOPLE;
  for (const configured of reached.CONFIG.directory) {
    const now = clock();
    if (configured.kind === 'entra') {
      const { pollEntra, source } = await import('./poll-entra.dynamo.ts');
      const trouble = await pollEntra(table, { ...configured, secretArn: reached.SECRET_GRAPH_CLIENT_ARN }, now);
      await (trouble ? tellRefusedRead(table, configured.kind, trouble, now) : heardFrom(table, source, now));
    }
    if (configured.kind === 'google') {
      const { pollGoogle, source } = await import('./poll-google.dynamo.ts');
      const directory = await directoryOf(reached, configured.issuer);
      if (!directory) continue;
      const trouble = await pollGoogle(table, { ...configured, keyArn: reached.SECRET_GOOGLE_ACCOUNT_ARN }, directory, now);
      await (trouble ? tellRefusedRead(table, configured.kind, trouble, now) : heardFrom(table, source, now));
    }
  }
  log.info('directories asked', { kinds: reached.CONFIG.directory.map(({ kind }) => kind) });
}
