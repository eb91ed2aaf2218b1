/** One packet as a page for auditors: self-contained, without script, readable on paper. Shows what the packet says and whether it is whole; adds nothing. */
import type { Link } from './chain.ts';
import type { Packet } from './packet.ts';
import { verifyPacket } from './verify.ts';

const style = `
body{font:15px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;color:#1b1f24;background:#fff}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem;border-bottom:1px solid #d0d7de}h3{font-size:1rem;margin-bottom:.2rem}
table{border-collapse:collapse;width:100%;margin:.5rem 0 1rem}th,td{text-align:left;vertical-align:top;padding:.25rem .6rem;border-bottom:1px solid #d0d7de}
th{font-weight:600;white-space:nowrap}code{font:13px ui-monospace,monospace;overflow-wrap:anywhere}
.whole,.not{padding:.6rem 1rem;border-left:4px solid #1a7f37;background:#f0faf3}.not{border-color:#b35900;background:#fff6e9}
@media print{body{margin:0;max-width:none}h2{break-after:avoid}tr{break-inside:avoid}}`;

const titles: Readonly<Record<Link['phase'], string>> = {
  planned: 'What would be cut',
  cut: 'What was cut',
  proven: 'How its death was shown',
  unproven: 'What could not be shown',
  restored: 'What was given back',
  purging: 'What allowed the deletion',
  purged: 'What was deleted',
  gone: 'What was still there after the deletion',
};

/** A whole HTML document. Every text of the packet is escaped. */
export function evidencePage(packet: Packet): string {
  const { case: opening, closing, signature, chain } = packet;
  const checked = verifyPacket(JSON.stringify(packet));
  const standing = checked.ok
    ? '<p class="whole">This packet is whole: every link follows from the one before it, and the signature fits.</p>'
    : `<p class="not">${escaped(checked.refusal)}</p>`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Evidence ${escaped(opening.id)}</title><style>${style}</style></head><body>
<h1>Offboarding ${escaped(opening.id)}</h1>
${standing}
${rows([
  ['Person', opening.person],
  ['Status', packet.status],
  ['Trigger', opening.trigger],
  ['Reason', opening.reason],
  ['Ticket', opening.ticket],
  ['Started', opening.started_at],
  ['Cut', packet.cut_at ?? 'never'],
  ['Proven dead', packet.proven_at ?? 'never'],
  ['Closed', closing?.closed_at],
  ['Message', closing?.message],
  ['Begun by', closing?.initiator && [closing.initiator.person, closing.initiator.principal].filter((one) => one !== undefined).join(', ')],
  ['Execution', opening.execution_arn],
])}
${chain.map(linkOf).join('\n')}
<h2>Signature</h2>
${rows([
  ['Key', closing?.key_arn],
  ['Thumbprint (kid)', signature?.kid],
  ['Last hash of the chain', closing?.hash],
  ['How to verify', packet.how_to_verify],
])}
</body></html>
`;
}

function linkOf({ seq, phase, at, truth, results, hash }: Link): string {
  const approval = isObject(truth) && isObject(truth.approval) ? truth.approval : undefined;
  return `<h2>${seq}. ${titles[phase]}</h2>
<p>${escaped(at)}</p>
${
  isObject(truth)
    ? rows([
        ['The directory said', said(truth)],
        ['Approval', approval && decisionOf(approval)],
      ])
    : ''
}
${results.map(({ step, result }) => stepOf(step, result)).join('\n')}
<p>Hash <code>${escaped(hash)}</code></p>`;
}

function stepOf(step: string, { outcome, message, targets }: Link['results'][number]['result']): string {
  const head = ['System', 'Kind', 'Credential', 'Before', 'After', 'At', 'Grade of the proof'];
  const body = targets.map(({ system, kind, id_hash, before, after, at, grade }) =>
    [system, kind, `<code>${escaped(id_hash)}</code>`, before, after, at, grade ?? '']
      .map((text, column) => `<td>${column === 2 ? text : escaped(text)}</td>`)
      .join(''),
  );
  const table =
    targets.length === 0
      ? ''
      : `<table><thead><tr>${head.map((name) => `<th>${name}</th>`).join('')}</tr></thead><tbody>${body.map((row) => `<tr>${row}</tr>`).join('')}</tbody></table>`;
  return `<h3>${escaped(step)}: ${escaped(outcome)}</h3><p>${escaped(message)}</p>${table}`;
}

function said(truth: Readonly<Record<string, unknown>>): string {
  const told = ['truth', 'detail', 'entitled', 'read_at'].flatMap((name) =>
    truth[name] === undefined ? [] : [`${name} ${wordOf(truth[name])}`],
  );
  return told.join(', ') || wordOf(truth);
}

function decisionOf({ id, state, asked_at, decisions }: Readonly<Record<string, unknown>>): string {
  const made = Array.isArray(decisions) ? decisions.filter(isObject) : [];
  const words = made.map(({ by, decision, reason, at }) => `${wordOf(by)}: ${wordOf(decision)} at ${wordOf(at)} (${wordOf(reason)})`);
  return `${wordOf(id)}, asked ${wordOf(asked_at)}, ${wordOf(state)}${words.length > 0 ? `; ${words.join('; ')}` : ''}`;
}

function rows(pairs: readonly (readonly [string, string | undefined])[]): string {
  const shown = pairs.filter((pair): pair is readonly [string, string] => pair[1] !== undefined && pair[1] !== '');
  return `<table><tbody>${shown.map(([name, value]) => `<tr><th>${name}</th><td>${escaped(value)}</td></tr>`).join('')}</tbody></table>`;
}

function wordOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}
