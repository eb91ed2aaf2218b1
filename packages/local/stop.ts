/** Ends a process at Ctrl-C: the first closes what runs, the second no longer waits. It does not know what runs. */
import type { EventEmitter } from 'node:events';

type Process = Pick<EventEmitter, 'on'> & { exit(code: number): void };

export interface StopOptions {
  close(): Promise<unknown>;
  say(line: string): void;
}

/** Nothing on disk is torn by the second: every store survives a kill. */
export function onStop(process: Process, { close, say }: StopOptions): void {
  let stopping = false;
  const stop = (): void => {
    if (stopping) {
      say('Stopped without waiting.');
      process.exit(130);
      return;
    }
    stopping = true;
    const late = setTimeout(say, 1000, 'Finishing what is under way; Ctrl-C again stops at once.');
    close().then(
      () => {
        clearTimeout(late);
        process.exit(0);
      },
      (error: unknown) => {
        say(String(error));
        process.exit(1);
      },
    );
  };
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, stop);
}
