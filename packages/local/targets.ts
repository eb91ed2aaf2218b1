/**
 * What a rule or a schedule of the stack reaches: functions, queues, topics, machines and other buses. It decides neither what is sent nor when
 * to try again; a target that is not there is an error of its caller.
 */
import { randomUUID } from 'node:crypto';
import type { Delivery } from './aws/events/delivery.ts';
import type { Events } from './aws/events/events.ts';
import { payloadOf } from './aws/events/target-input.ts';
import type { Messages } from './aws/messages/messages.ts';
import type { Fired } from './aws/scheduler/scheduler.ts';
import { AwsError, type AwsService } from './aws/service.ts';
import type { DeadLetters } from './dead-letters.ts';
import type { Functions } from './functions.ts';

export interface TargetsOptions {
  lambda: Functions;
  messages: Pick<Messages, 'send' | 'publish'>;
  states: AwsService;
  deadLetters: Pick<DeadLetters, 'gaveUp' | 'unreached'>;
  events(): Pick<Events, 'publish'>;
}

export interface Targets {
  /** Resolves once the target has it; `handled` once it was worked on. Until then a restart delivers it again. */
  deliver(delivery: Delivery): Promise<{ handled: Promise<unknown> } | undefined>;
  /** A function that is not there will not come: no retry. */
  fire(fired: Fired): void;
  /** Invokes a function asynchronously. Throws ResourceNotFoundException. */
  call(functionArn: string, event: unknown): void;
}

/** Lambda's own: once, and two retries. */
const asyncAttempts = 3;

export function createTargets({ lambda, messages, states, deadLetters, events }: TargetsOptions): Targets {
  function known(arn: string): string {
    const name = functionOf(arn);
    if (!lambda.has(name)) throw new AwsError('ResourceNotFoundException', `There is no function ${name}`);
    return name;
  }
  /** Lambda takes the event and tries it three times; what it gives up on is put aside. */
  function toFunction(arn: string, payload: unknown): { handled: Promise<unknown> } {
    const name = known(arn);
    const { promise: handled, resolve } = Promise.withResolvers<void>();
    lambda.invokeAsync(name, payload, {
      onSuccess: resolve,
      onFailure: (_event, error) => void deadLetters.gaveUp(name, payload, error, asyncAttempts).then(resolve),
    });
    return { handled };
  }
  async function toMachine(stateMachineArn: string, payload: unknown): Promise<void> {
    const call = { caller: 'events', requestId: randomUUID() };
    await states.operations.StartExecution?.({ stateMachineArn, input: JSON.stringify(payload) }, call);
  }

  return {
    async deliver(delivery) {
      const { target, event } = delivery;
      const payload = payloadOf(delivery);
      const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
      switch (target.Arn.split(':')[2]) {
        case 'lambda':
          return toFunction(target.Arn, payload);
        case 'sqs':
          await messages.send(target.Arn, { body: text });
          return undefined;
        case 'sns':
          await messages.publish(target.Arn, { message: text });
          return undefined;
        case 'states':
          await toMachine(target.Arn, payload);
          return undefined;
        case 'events':
          // AWS forwards an event as it is, whatever its input says.
          events().publish(target.Arn.split(':event-bus/')[1] ?? '', event);
          return undefined;
        default:
          throw new AwsError('ResourceNotFoundException', `The target ${target.Arn} is not in the embedded stack`);
      }
    },
    fire({ document, payload, ...fired }) {
      const { Arn: targetArn, DeadLetterConfig } = document.Target;
      try {
        lambda.invokeAsync(known(targetArn), JSON.parse(payload));
      } catch (cause) {
        const error = cause instanceof Error ? cause : new Error(String(cause));
        void deadLetters.unreached({ ...fired, payload, targetArn, queueArn: DeadLetterConfig?.Arn, attempts: 1, error });
      }
    },
    call: (arn, event) => lambda.invokeAsync(known(arn), event),
  };
}

/** The function's physical name out of its ARN, with or without an alias. */
export function functionOf(arn: string): string {
  return arn.split(':function:')[1]?.split(':')[0] ?? arn;
}
