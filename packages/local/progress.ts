/** Says at a terminal what a start is waiting for: one line a stage, and only for a stage that takes its time. A pipe is told nothing. */

export interface Progress {
  /** The stage before it is over. */
  begin(doing: string): void;
  end(): void;
}

const patienceMs = 1000;

export function createProgress({ write, isTty }: { write: (line: string) => void; isTty: boolean }): Progress {
  let timer: NodeJS.Timeout | undefined;
  return {
    begin(doing) {
      clearTimeout(timer);
      if (isTty) timer = setTimeout(write, patienceMs, `${doing} ...`);
    },
    end: () => clearTimeout(timer),
  };
}
