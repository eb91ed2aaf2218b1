/** Admins and auditors fetch packets, as JSON or as a page, and the roots over them. Nothing is signed or changed here. */
import { packetOf } from '@gatehouse/core/evidence/packet';
import { evidencePage } from '@gatehouse/core/evidence/page';
import { http, type Reply, type Request } from '@gatehouse/runtime/http';
import { apiError, apiWire } from '@gatehouse/runtime/wire';
import * as z from 'zod';
import { readChain, readSeal } from './case.dynamo.ts';
import { caseNamed } from './joined.dynamo.ts';
import { packets, readHead, roots } from './kept.dynamo.ts';
import { readRoot } from './kept.s3.ts';
import { surface } from './surface.ts';

export const env = z.object({
  TABLE_LIFECYCLE: z.string(),
  TABLE_ACCESS: z.string(),
  TABLE_POLICY: z.string(),
  BUCKET_EVIDENCE: z.string(),
});

const pageSize = 100;
const fresh = { 'cache-control': 'no-store' };
const page = {
  ...fresh,
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
};
const WholeNumber = z.coerce.number().int().min(1).max(999_999_999);

export const handler = http(
  { surface, env, wire: apiWire },
  {
    'offboarding-evidence': async (request, { env: { TABLE_LIFECYCLE: table } }) => {
      const id = request.pathParameters.id ?? '';
      const one = await caseNamed(table, id);
      if (!one) return missing(request, `There is no offboarding ${JSON.stringify(id)}`);
      const [chain, seal] = await Promise.all([readChain(table, one.id), readSeal(table, one.id)]);
      const packet = packetOf(one, chain, seal);
      if (request.header('accept')?.includes('text/html')) return { status: 200, headers: page, body: evidencePage(packet) };
      return { status: 200, headers: attachment(`${one.id}.json`), body: { ...packet } };
    },

    'list-evidence': async (request, { env }) => {
      const { packets: shown, next } = await packets(env.TABLE_LIFECYCLE, pageSize, request.query.get('next') ?? undefined);
      return { status: 200, headers: fresh, body: { packets: shown, ...(next && { next }) } };
    },

    'list-roots': async (request, { env }) => {
      const before = WholeNumber.optional().safeParse(request.query.get('next') ?? undefined);
      if (!before.success) return apiError(400, 'invalid_request_error', 'Write next as the page before gave it', request.requestId);
      const { roots: shown, next } = await roots(env.TABLE_LIFECYCLE, pageSize, before.data);
      return { status: 200, headers: fresh, body: { roots: shown, ...(next && { next }) } };
    },

    'read-root': async (request, { env }) => {
      const wanted = WholeNumber.safeParse(request.pathParameters.number);
      const newest = await readHead(env.TABLE_LIFECYCLE);
      if (!wanted.success || !newest || wanted.data > newest.number)
        return missing(
          request,
          `There is no root ${JSON.stringify(request.pathParameters.number ?? '')}; the newest is ${newest?.number ?? 'yet to be made'}`,
        );
      const root = await readRoot(env.BUCKET_EVIDENCE, wanted.data);
      return { status: 200, headers: attachment(`root-${root.number}.json`), body: { ...root } };
    },
  },
);

function attachment(name: string): Record<string, string> {
  return { ...fresh, 'content-disposition': `attachment; filename="${name}"` };
}

function missing(request: Request, message: string): Reply {
  return apiError(404, 'not_found_error', message, request.requestId);
}
