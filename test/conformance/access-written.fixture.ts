/** All that a running stack has written down where people read: every log group, every execution with its history, and the process’s own output. */
import { companyOf } from '../support/company.ts';
import type { Stack } from '../support/stack.ts';

export async function everythingWritten(stack: Stack): Promise<Map<string, string>> {
  const { aws } = companyOf(stack);
  const texts = new Map([['what the stack printed', stack.output()]]);
  const { logGroups } = await aws<{ logGroups: { logGroupName: string }[] }>('Logs_20140328', 'DescribeLogGroups', {});
  for (const { logGroupName } of logGroups) {
    const lines: string[] = [];
    let nextToken: string | undefined;
    do {
      const asked = { logGroupName, ...(nextToken && { nextToken }) };
      const page = await aws<{ events: { message: string }[]; nextToken?: string }>('Logs_20140328', 'FilterLogEvents', asked);
      lines.push(...page.events.map(({ message }) => message));
      nextToken = page.nextToken;
    } while (nextToken);
    texts.set(logGroupName, lines.join('\n'));
  }
  const { stateMachines } = await aws<{ stateMachines: { stateMachineArn: string }[] }>('AWSStepFunctions', 'ListStateMachines', {});
  for (const { stateMachineArn } of stateMachines) {
    const { executions } = await aws<{ executions: { executionArn: string }[] }>('AWSStepFunctions', 'ListExecutions', { stateMachineArn });
    for (const { executionArn } of executions) {
      const described = await aws<unknown>('AWSStepFunctions', 'DescribeExecution', { executionArn });
      const history = await aws<unknown>('AWSStepFunctions', 'GetExecutionHistory', { executionArn, maxResults: 1000 });
      texts.set(executionArn, JSON.stringify([described, history]));
    }
  }
  return texts;
}
