/** Which sources somebody is told of when they say nothing. */
import { PeopleConfig } from '@gatehouse/core/people-profile';
import { expect, it } from 'vitest';
import { silenceLimits } from './silence.ts';

const okta = { kind: 'okta', issuer: 'https://acme.okta.com', url: 'https://acme.okta.com' };
const cognito = { kind: 'cognito', issuer: 'https://cognito-idp.us-east-1.amazonaws.com/us-east-1_x', user_pool_id: 'us-east-1_x' };
const entra = { kind: 'entra', issuer: 'https://login.example.com/v2.0', tenant: 't', client_id: 'c' };
const limits = (config: object) => Object.fromEntries(silenceLimits(PeopleConfig.parse(config)));
const week = 604_800;

it.each([
  ['a directory of Okta has its log stream watched', { directory: okta }, { 'okta-log-stream': week }],
  ['a hook of Okta is watched in its place', { directory: okta, hooks: { okta: { issuer: okta.issuer } } }, { 'okta-hook': week }],
  ['a directory that is asked is heard within the hour', { directory: [entra] }, { 'entra-delta': 3_600 }],
  ['each of several is watched', { directory: [okta, cognito] }, { 'okta-log-stream': week, cloudtrail: week }],
  ['what SCIM pushes is watched', { directory: okta, scim: { issuer: okta.issuer } }, { 'okta-log-stream': week, scim: week }],
  [
    'the profile has the last word, also of a source that is rarely heard',
    { directory: okta, sources: { 'okta-log-stream': { silent_after_seconds: 7_200 }, ssf: { silent_after_seconds: 86_400 } } },
    { 'okta-log-stream': 7_200, ssf: 86_400 },
  ],
])('%s', (_, config, wanted) => {
  expect(limits(config)).toEqual(wanted);
});
