/** Checks an operation's input and runs dynalite's action for it. It knows no operation that dynalite lacks. */
import { AwsError } from '../service.ts';
import { type Checks, loadDynalite, type Request } from './dynalite.ts';
import type { Store } from './store.ts';
import { createView, isWireError, type View, withItem } from './view.ts';

/** Throws dynalite's error for an input that DynamoDB would refuse before it looks at any table. */
export function check(store: Store, operation: string, input: object, only?: readonly string[]): Request {
  const { checks, validations } = loadDynalite();
  const found = checks.get(operation);
  if (!found) throw new Error(`dynalite has no ${operation}`);
  const types = only ? pickTypes(found, only) : found.types;
  const data = validations.checkTypes({ ...input }, types);
  validations.checkValidations(data, types, found.custom, store.dynalite);
  return data;
}

function pickTypes(checks: Checks, names: readonly string[]): Checks['types'] {
  return Object.fromEntries(Object.entries(checks.types).filter(([name]) => names.includes(name)));
}

/** Resolves with the action's answer, rejects with its error. */
export function act(operation: string, view: View, data: Request): Promise<Record<string, unknown>> {
  const action = loadDynalite().actions.get(operation);
  if (!action) throw new Error(`dynalite has no ${operation}`);
  return new Promise((resolve, reject) => {
    view.fail = reject;
    action(view.store, data, (error, answer) => (error ? reject(error) : resolve(answer || {})));
  });
}

/** An item operation, a query or a scan: its own locks, each write committed with its index entries and stream record. */
export async function request(store: Store, operation: string, input: object): Promise<Record<string, unknown>> {
  const data = check(store, operation, input);
  const view = createView(store, data, { save: (change) => store.commit([change]) });
  try {
    return await act(operation, view, data);
  } catch (error) {
    throw withItem(error, data, view.read[0]);
  }
}

/** dynalite's errors as the endpoint writes them; anything else stays the fault it is. */
export function toAwsError(error: unknown): unknown {
  if (!isWireError(error)) return error;
  const { __type, message, Message, ...extra } = error.body;
  return new AwsError(__type.slice(__type.indexOf('#') + 1), message ?? Message ?? '', { status: error.statusCode, extra });
}
