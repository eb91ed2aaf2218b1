/** The page at `GET /protocol`: what a client of this gateway sends and gets, in our words. It is documentation, and promises what the tests hold. */

/** @param origin the gateway's. */
export function protocolPage(origin: string): string {
  return `# The gateway protocol as ${origin} speaks it

Version 1. One origin serves sign-in, policy, models, usage reports and limits to Claude Code, and to whoever speaks the same. Fields are added, never
given another meaning; a client ignores what it does not know.

## Signing in
| Request | Answer |
|---|---|
| \`GET /.well-known/oauth-authorization-server\` | RFC 8414 metadata, with \`gateway_protocol_version: 1\` |
| \`POST /oauth/device_authorization\` | RFC 8628: \`device_code\`, \`user_code\`, \`verification_uri\`, \`verification_uri_complete\`, \`expires_in\`, \`interval\` |
| \`POST /oauth/token\` | device code, refresh token, or a token of the identity provider in exchange (RFC 8693) |
| \`POST /oauth/revoke\` | RFC 7009 |

An access token is opaque to clients and dies before its expiry when the person leaves. A refresh token is replaced at each use: keep the new one.
\`401 {"error": "invalid_grant"}\` ends the session; any other failure of a refresh passes.

## Policy
\`GET /managed/settings\` with the access token answers \`{"uuid", "checksum", "settings"}\` and an \`ETag\`; 304 to a matching \`If-None-Match\` only;
404 when there is no policy.

## Models
| Request | Format |
|---|---|
| \`POST /v1/messages\`, \`POST /v1/messages/count_tokens\` | Anthropic Messages, streamed or whole |
| \`GET /v1/models\` | \`{"data": [{"type", "id", "display_name"}], "has_more", "first_id", "last_id"}\`, what the policy allows |
| \`POST /model/{id}/invoke\`, \`POST /model/{id}/invoke-with-response-stream\`, \`POST /model/{id}/count-tokens\` | Amazon Bedrock InvokeModel and CountTokens, with a bearer token and no signature |
| \`POST /v1/chat/completions\` | OpenAI chat completions |
| \`POST /invoke\` | Anthropic Messages; a body that names no model gets the first that is allowed |

Headers and body members that the gateway does not know pass unchanged, both ways. A stream that is silent for 20 seconds carries a \`ping\` event. An
answer lasts 14 minutes and 30 seconds at most, and ends with an \`error\` event then, as it does within five seconds when the person, the session, the
policy or the budget no longer allows it. A body has 4 MiB at most.

Errors are \`{"type": "error", "error": {"type", "message"}, "request_id"}\`:
| Status | Type | Meaning |
|---|---|---|
| 400 | \`invalid_request_error\` | the body is wrong |
| 401 | \`authentication_error\` | sign in again |
| 403 | \`permission_error\` | the policy refuses this model, route or prompt; asking again changes nothing |
| 413 | \`request_too_large\` | more than 4 MiB |
| 429 | \`billing_error\` | a budget is used up; \`retry-after\` says when it starts anew |
| 429 | \`rate_limit_error\` | what is left of a budget is held by other requests of the same person, or the provider asks for less |
| 501 | \`not_supported\` | no provider of this gateway can do it |
| 503, 529 | \`overloaded_error\` | try again |

Where a budget binds, answers carry \`anthropic-ratelimit-unified-status\` (\`allowed\`, \`allowed_warning\` from 75 percent, \`rejected\`), \`-reset\`,
\`-overage-utilization\`, \`-overage-surpassed-threshold\`; \`GET /api/oauth/usage\` shows all limits and what is used of them.

## Usage reports
\`POST /v1/metrics\`, \`/v1/logs\`, \`/v1/traces\`: OTLP over HTTP, protobuf or JSON, gzip. 200 means it is kept; 429 and 503 mean send the same again.
`;
}
