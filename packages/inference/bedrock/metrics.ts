/** What Bedrock itself counted of an invocation, beside the usage that the model's own events report. Prices nothing. */

/** `input` leaves out what went through the cache. Bedrock does not tell five-minute writes from those of an hour. */
export interface InvocationMetrics {
  input: number;
  output: number;
  cacheRead: number;
  cacheWrite: number;
}

/** @param given `amazon-bedrock-invocationMetrics` of the last event. Undefined where it does not count input and output. */
export function readMetrics(given: unknown): InvocationMetrics | undefined {
  if (typeof given !== 'object' || given === null) return undefined;
  const counts = given as Readonly<Record<string, unknown>>;
  return counted((name) => counts[`${name}TokenCount`], ['input', 'output', 'cacheReadInput', 'cacheWriteInput']);
}

/** @param header of an answer in one piece, by its name in lower case. */
export function readMetricHeaders(header: (name: string) => string | undefined): InvocationMetrics | undefined {
  const number = (name: string) => {
    const value = header(`x-amzn-bedrock-${name}-token-count`);
    return value === undefined ? undefined : Number(value);
  };
  return counted(number, ['input', 'output', 'cache-read-input', 'cache-write-input']);
}

function counted(count: (name: string) => unknown, names: readonly [string, string, string, string]): InvocationMetrics | undefined {
  const [input, output, cacheRead, cacheWrite] = names.map((name) => tokens(count(name)));
  return input === undefined || output === undefined
    ? undefined
    : { input, output, cacheRead: cacheRead ?? 0, cacheWrite: cacheWrite ?? 0 };
}

function tokens(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}
