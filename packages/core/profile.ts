/** What a deployment knows of its company: issuers, directory, outside systems, periods. Each capability gets its own part in `CONFIG`. */
import * as z from 'zod';
import { AccessConfig } from './access-profile.ts';
import { InferenceConfig } from './inference-profile.ts';
import { KeysConfig } from './keys-profile.ts';
import { LifecycleConfig } from './lifecycle-profile.ts';
import { withNewPool } from './new-pool.ts';
import { OperationsConfig } from './operations-profile.ts';
import { PeopleConfig } from './people-profile.ts';
import { UsageConfig } from './usage-profile.ts';
import { url } from './web-address.ts';
import { WorkspacesConfig } from './workspaces-profile.ts';

/** The name that clients write. It resolves to private addresses: the CLI refuses a gateway on a public one. */
const Domain = z.union([
  z.strictObject({
    name: z.hostname(),
    /** A public Route 53 zone of this account above the name: the record is made there, and the certificate proven by it, unless one is given. */
    zone_id: z.string().regex(/^Z[A-Z0-9]{5,31}$/, 'a Route 53 zone id, like Z0123456789ABCDEFGHIJ'),
    /** Imported, so that its rotation is yours: the CLI pins what it saw at sign-in. */
    certificate_arn: z.string().startsWith('arn:').optional(),
  }),
  z.strictObject({
    name: z.hostname(),
    certificate_arn: z.string().startsWith('arn:'),
  }),
]);

/** A second, regional API for identity providers on the internet: `/scim` and `/hooks`, and nothing else. */
const Edge = z.strictObject({
  /** AWS WAF with a limit of requests for each address, for a few dollars a month. */
  waf: z.boolean().default(false),
  requests_per_second: z.int().min(1).max(1000).default(50),
});

/** Concurrent environments of Lambda. New accounts have ten in all, so that nothing can be set aside there. */
const Capacity = z.strictObject({
  /** Kept free for telemetry, which must never wait behind anything else. */
  telemetry_floor: z.int().min(1).max(1000).optional(),
  /** Open streams at once: each holds an environment for as long as it lasts. */
  inference_cap: z.int().min(1).max(5000).optional(),
});

/** People in a Cognito pool of Gatehouse's own, for a company that has no identity provider: the access part then names no issuer. */
const NewPool = z.strictObject({
  /** The prefix of the pool's sign-in page: `<prefix>.auth.<region>.amazoncognito.com`. */
  sign_in_prefix: z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/),
});

const Written = z
  .strictObject({
    region: z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'it is no region of AWS, as eu-central-1 is one'),
    /** Tables, keys, secrets and buckets outlive `sst remove`. Without it a removed stage leaves nothing behind. */
    keep_data: z.boolean().default(true),
    /** Only what holds data stands; what serves and runs is gone until this is. */
    parked: z.boolean().default(false),
    /** Without it the API is reached by its own name with the stage in the path, where the CLI's sign-in cannot find it. */
    domain: Domain.optional(),
    /** The gateway's origin where it is not `https://<domain>`, as behind a proxy of the company's own: our `iss`, and the base of every endpoint. */
    public_url: url.optional(),
    edge: Edge.optional(),
    capacity: Capacity.prefault({}),
    new_pool: NewPool.optional(),
    /** The partner event source that Okta's log stream was given, which is also the partner bus's name. */
    okta_partner_source: z.string().startsWith('aws.partner/okta.com/').optional(),
    /** Likewise for Auth0's event stream. */
    auth0_partner_source: z.string().startsWith('aws.partner/auth0.com/').optional(),
    /** The company's own network; without it a small one is made. */
    network: z
      .strictObject({ vpc_id: z.string(), subnet_ids: z.array(z.string()).min(1), security_group_ids: z.array(z.string()).min(1) })
      .optional(),
    /** Of the network that is made: each zone has an endpoint of its own, and its price. */
    zones: z.union([z.literal(1), z.literal(2)]).default(2),
    access: AccessConfig,
    usage: UsageConfig,
    people: PeopleConfig,
    lifecycle: LifecycleConfig,
    keys: KeysConfig,
    workspaces: WorkspacesConfig,
    operations: OperationsConfig.prefault({}),
    inference: InferenceConfig.prefault({}),
  })
  .superRefine(({ region, domain, people, keep_data, parked, lifecycle }, context) => {
    if (parked && !keep_data)
      context.addIssue({
        code: 'custom',
        path: ['parked'],
        message: 'a stage that keeps no data has nothing to rest on: remove it instead',
      });
    if (!keep_data && lifecycle.evidence.mode === 'COMPLIANCE')
      context.addIssue({
        code: 'custom',
        path: ['lifecycle', 'evidence', 'mode'],
        message: 'a stage that keeps no data could not be removed while nobody may delete its evidence: write mode: GOVERNANCE',
      });
    const elsewhere = (path: (string | number)[], what: string) =>
      context.addIssue({ code: 'custom', path, message: `${what} is not in ${region}, where this stage is` });
    const certificate = domain?.certificate_arn;
    if (certificate !== undefined && certificate.split(':')[3] !== region) elsewhere(['domain', 'certificate_arn'], 'the certificate');
    // Not yet the list that it becomes where something in it is wrong, which is told already.
    if (!Array.isArray(people.directory)) return;
    for (const [index, directory] of people.directory.entries())
      if (
        directory.kind === 'cognito' &&
        new URL(directory.issuer).hostname.startsWith('cognito-idp.') &&
        !directory.user_pool_id.startsWith(`${region}_`)
      )
        elsewhere(['people', 'directory', index, 'user_pool_id'], 'the user pool');
  })
  // What the gateway saw and what clients report are priced alike.
  .transform((profile) => ({ ...profile, inference: { ...profile.inference, price_ppm: profile.usage.price_ppm } }));
/** A stage's whole profile. Unknown members are errors; all errors are told at once. */
export const Profile = z.preprocess(withNewPool, Written);
export type Profile = z.infer<typeof Profile>;
