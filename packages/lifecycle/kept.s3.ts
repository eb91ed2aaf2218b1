/** Sealed packets and roots as objects under Object Lock: `packets/<cas_>.json`, `roots/<000000001>.json`. Written once; what is there stays. */

import { Packet } from '@gatehouse/core/evidence/packet';
import { Root } from '@gatehouse/core/evidence/root';
import type { EvidenceConfig } from '@gatehouse/core/evidence-profile';
import { getObject, putObject } from '@gatehouse/runtime/bucket';
import { timestamp } from '@gatehouse/runtime/clock';
import { Misconfigured } from '@gatehouse/runtime/fault';

const dayMs = 86_400_000;
const json = 'application/json';

interface Place {
  bucket: string;
  retention: EvidenceConfig;
}

/** @param packet sealed. @returns where it is, and until when nobody deletes it. */
export async function putPacket(
  { bucket, retention }: Place,
  packet: Packet,
  closedAt: string,
): Promise<{ object: string; locked_until: string }> {
  const object = `packets/${packet.case.id}.json`;
  const until = Date.parse(closedAt) + retention.retention_days * dayMs;
  const body = JSON.stringify(Packet.parse(packet), null, 2);
  await putObject(bucket, object, body, { contentType: json, onlyNew: true, lock: { mode: retention.mode, until } });
  return { object: `s3://${bucket}/${object}`, locked_until: timestamp(until) };
}

/** The root that is there afterwards: this one, or one that another run put first. */
export async function putRoot({ bucket, retention }: Place, root: Root): Promise<Root> {
  const lock = { mode: retention.mode, until: Date.parse(root.at) + retention.retention_days * dayMs };
  const body = JSON.stringify(Root.parse(root), null, 2);
  if (await putObject(bucket, keyOf(root.number), body, { contentType: json, onlyNew: true, lock })) return root;
  return readRoot(bucket, root.number);
}

/** One that is there. */
export async function readRoot(bucket: string, number: number): Promise<Root> {
  const found = await getObject(bucket, keyOf(number));
  if (!found) throw new Misconfigured(`The bucket ${bucket} does not hold root ${number}, of which the table tells`);
  return Root.parse(JSON.parse(found.body.toString('utf8')));
}

function keyOf(number: number): string {
  return `roots/${String(number).padStart(9, '0')}.json`;
}
