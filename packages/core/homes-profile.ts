/** Where people's homes and hosts are, as a profile tells it: the EFS file system and its backups, the ECS cluster. Without it nothing of that is touched. */
import * as z from 'zod';

/** Access points of one file system, each with its owner in a tag; AWS Backup keeps what a leaver leaves. */
export const HomesConfig = z.strictObject({
  kind: z.literal('efs'),
  file_system: z.string().regex(/^fs-[0-9a-f]{8,40}$/, 'a file system id, like fs-0123456789abcdef0'),
  /** Name of the AWS Backup vault that recovery points go to. */
  vault: z.string().regex(/^[A-Za-z0-9_-]{2,50}$/, 'the name of a backup vault: 2 to 50 letters, digits, _ and -'),
  /** What AWS Backup reads the file system as. */
  role_arn: z.string().regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/, 'the ARN of the role that AWS Backup takes'),
  /** How long a leaver's recovery point is kept. */
  keep_days: z.int().min(7).max(36_500).default(90),
  /** The tag of an access point that names its owner: Coder's id of the user (`data.coder_workspace_owner.me.id`), or Gatehouse's `per_...`. */
  owner_tag: z
    .string()
    .regex(/^[\w.:/=+@-]{1,128}$/, 'the key of a tag')
    .default('coder_owner_id'),
});
export type HomesConfig = z.infer<typeof HomesConfig>;

/** The ECS services that Coder's template makes, one for each workspace. */
export const HostsConfig = z.strictObject({
  cluster: z.string().regex(/^[A-Za-z0-9_-]{1,255}$/, 'the name of an ECS cluster'),
  /** Ids only: of two names put together nobody can tell where the first one ends, and somebody else's service may be called so too. */
  service: z
    .string()
    .regex(/^[A-Za-z0-9_-]*\{workspace_id\}[A-Za-z0-9_-]*$/, 'the name of a workspace’s service, with {workspace_id} in it once')
    .default('coder-{workspace_id}'),
});
export type HostsConfig = z.infer<typeof HostsConfig>;
