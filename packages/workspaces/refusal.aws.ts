/** AWS's refusals in the words of a step: what passes by itself is retried, the rest names what an operator mends. It chooses no call. */
import { AwsRefusal, isThrottle } from '@gatehouse/runtime/aws-call';
import { Misconfigured, Throttled, Unavailable } from '@gatehouse/runtime/fault';

/**
 * @param what of AWS is asked, for the message, e.g. `AWS Backup`.
 * @param absent AWS's names for "there is no such one", answered as undefined.
 */
export async function answered<T>(what: string, asking: Promise<T>, absent: readonly string[] = []): Promise<T | undefined> {
  try {
    return await asking;
  } catch (error) {
    if (!(error instanceof Error) || error.name === 'Misconfigured') throw error;
    if (!(error instanceof AwsRefusal)) throw new Unavailable(`${what} did not answer`, { cause: error });
    if (absent.includes(error.name)) return undefined;
    if (isThrottle(error)) throw new Throttled(`${what} asks for less traffic`, { cause: error });
    if (error.status >= 500) throw new Unavailable(`${what} answered ${error.name}`, { cause: error });
    throw new Misconfigured(
      `${what} answered ${error.name}: ${error.message}. Look at workspaces.homes and workspaces.ecs in the profile, and at what they name`,
      { cause: error },
    );
  }
}
