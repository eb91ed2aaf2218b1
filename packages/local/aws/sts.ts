/** STS of the embedded stack: who a caller is. It gives nobody a role: whoever calls is a function by its access key, or a person. */
import { type AwsRequest, escapeXml, type WholeService } from './endpoint.ts';
import { AwsError, account } from './service.ts';
import { userIdentity } from './trail.ts';

/** `isFunction`: whether an access key id is the name of a function. */
export function createSts(isFunction: (caller: string) => boolean): WholeService {
  return {
    name: 'sts',
    operationOf: (request) => formOf(request)?.get('Action') ?? undefined,
    async answer(request) {
      const action = formOf(request)?.get('Action');
      // AWS lets everybody ask, whatever their policies say.
      if (action !== 'GetCallerIdentity') throw new AwsError('UnknownOperationException', `STS ${action} is not in the embedded stack`);
      const { caller, requestId } = request;
      const { arn, principalId: id } = userIdentity({ caller }, isFunction);
      const body = `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>${escapeXml(String(arn))}</Arn><UserId>${escapeXml(String(id))}</UserId><Account>${account}</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata></GetCallerIdentityResponse>`;
      return { status: 200, contentType: 'text/xml', body };
    },
  };
}

function formOf({ signedFor, headers, body }: AwsRequest): URLSearchParams | undefined {
  if (signedFor !== 'sts' || !headers['content-type']?.startsWith('application/x-www-form-urlencoded')) return undefined;
  return new URLSearchParams(body.toString('utf8'));
}
