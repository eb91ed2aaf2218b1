/** Four neighbouring loopback ports: finds or checks them before anything starts. Listens only to look. */
import { createServer } from 'node:net';

export const host = '127.0.0.1';

/** The first of four free neighbouring ports. With a port given, those four or a sentence that says which is taken. */
export async function fourPorts(wanted: number): Promise<number> {
  if (wanted !== 0) {
    for (let port = wanted; port < wanted + 4; port++) {
      if (!(await isFree(port)))
        throw new Error(
          `Port ${port} is taken (Gatehouse uses ${wanted} to ${wanted + 3}): stop what listens there, or choose another with --port`,
        );
    }
    return wanted;
  }
  for (let tries = 0; tries < 50; tries++) {
    // Below what systems give to outgoing connections (from 32,768 on Linux): one of those may be taken between the look and the start.
    const first = 12_000 + Math.floor(Math.random() * 5_000) * 4;
    const free = await Promise.all([0, 1, 2, 3].map((offset) => isFree(first + offset)));
    if (free.every(Boolean)) return first;
  }
  throw new Error('No four free neighbouring ports were found: choose them with --port');
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}
