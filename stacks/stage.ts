/** Which deployment this is: its stage, place and profile. Declares no resource. */
import { isExample, profileOf } from './profile.ts';

export const stage = $app.stage;
export const profile = profileOf(stage, $cli.paths.root);

if (['deploy', 'dev'].includes($cli.command) && isExample(profile))
  throw new Error(
    `The profile of stage "${stage}" names example.com: write the company's own addresses into stacks/profiles/${stage}.yaml`,
  );

const { accountId } = aws.getCallerIdentityOutput();
const { region } = aws.getRegionOutput();
const { partition } = aws.getPartitionOutput();

/** An ARN of this account and region, e.g. `arn('dynamodb', 'table/gatehouse-dev-access')`. */
export function arn(service: string, rest: $util.Input<string>): $util.Output<string> {
  return $interpolate`arn:${partition}:${service}:${region}:${accountId}:${rest}`;
}

/** API Gateway's own address of a function that it calls; a streaming answer has another one. */
export function invocationUri(functionArn: $util.Input<string>, stream = false): $util.Output<string> {
  const [version, action] = stream ? ['2021-11-15', 'response-streaming-invocations'] : ['2015-03-31', 'invocations'];
  return $interpolate`arn:${partition}:apigateway:${region}:lambda:path/${version}/functions/${functionArn}/${action}`;
}

export { accountId, partition, region };

/** Data outlives its stack where the profile says so; SST's own retention does not cover what is not a table or a bucket. */
export const keepData = profile.keep_data;
export const keep = { retainOnDelete: keepData, protect: keepData };

/** `cut-sessions` -> `CutSessions`: names of resources in the program, never in AWS. */
export function pascal(...words: string[]): string {
  return words
    .join('-')
    .split(/[-./]/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
}
