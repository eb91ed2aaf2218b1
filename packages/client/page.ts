/** Writes the gateway's answers as lines for people. Reads defensively: an answer of a newer gateway shows less, and never fails. */

/** Colours a word for a terminal; gives it back as it is where there is none. */
export type Paint = (style: 'green' | 'red' | 'yellow' | 'bold' | 'dim', text: string) => string;

type Bag = Record<string, unknown>;

function dollars(micros: unknown): string {
  return `$${(number(micros) / 1_000_000).toFixed(2)}`;
}

/** `{gains, loses, changes}` as one line each. */
function changesOf(entry: Bag, paint: Paint): string[] {
  return [
    ...texts(entry.gains).map((line) => paint('green', `  + ${line}`)),
    ...texts(entry.loses).map((line) => paint('red', `  - ${line}`)),
    ...texts(entry.changes).map((line) => paint('yellow', `  ~ ${line}`)),
  ];
}

export function simulationPage(body: unknown, paint: Paint): string[] {
  const { against, everyone, replay, groups, people, unknown } = bag(body);
  const { people: all, gain, lose, refused, admitted, classes } = bag(everyone);
  const lines = [
    paint(
      'bold',
      `Against version ${against}: of ${all} people ${gain} gain and ${lose} lose; ${refused} would be refused, ${admitted} newly admitted.`,
    ),
  ];
  for (const one of bags(classes)) {
    const whom = texts(one.groups).join(', ') || 'no group that the policy names';
    lines.push(paint('bold', `${one.people} in ${whom}${one.email_domain ? ` at ${one.email_domain}` : ''}:`), ...changesOf(one, paint));
  }
  for (const one of bags(people))
    lines.push(
      paint('bold', `${one.email} (${one.status}):`),
      ...(changesOf(one, paint).length > 0 ? changesOf(one, paint) : ['  nothing changes']),
    );
  const differing = bags(groups).filter((one) => changesOf(one, paint).length > 0);
  if (number(all) === 0) for (const one of differing) lines.push(paint('bold', `group ${one.group}:`), ...changesOf(one, paint));
  for (const name of texts(unknown)) lines.push(paint('yellow', `Nobody is known as ${name}.`));
  return [...lines, ...replayLines(replay, paint)];
}

function replayLines(replay: unknown, paint: Paint): string[] {
  if (replay === null || replay === undefined) return [];
  const {
    from,
    to,
    days_asked,
    days_read,
    partial,
    seen,
    refused,
    refused_in_all,
    refused_rows,
    overruns,
    overrun_rows,
    over_budget_micros,
  } = bag(replay);
  const [all, lost] = [bag(seen), bag(refused_in_all)];
  const lines = [
    '',
    paint('bold', `From ${from} to ${to} people made ${all.requests} calls for ${dollars(all.amount_micros)}.`),
    `${lost.requests} of them, ${dollars(lost.amount_micros)}, would have been refused.`,
  ];
  if (partial) lines.push(paint('yellow', `Only ${days_read} of ${days_asked} days were read: ${partial}.`));
  for (const row of bags(refused).slice(0, 20))
    lines.push(
      paint('red', `  ${row.person}  ${row.model}  ${row.route}  ${row.requests} calls  ${dollars(row.amount_micros)}  (${row.because})`),
    );
  if (number(refused_rows) > 20) lines.push(paint('dim', `  and ${number(refused_rows) - 20} more (--json)`));
  for (const row of bags(overruns).slice(0, 20))
    lines.push(
      paint(
        'yellow',
        `  ${row.scope} ${row.whose}: ${row.period} budget from ${row.start}, ${dollars(row.used_micros)} of ${dollars(row.limit_micros)}`,
      ),
    );
  if (number(overrun_rows) > 20) lines.push(paint('dim', `  and ${number(overrun_rows) - 20} more budgets (--json)`));
  if (number(over_budget_micros) !== 0) lines.push(`Over budgets: ${dollars(over_budget_micros)} more than under the policy in force.`);
  return lines;
}

export function diffPage(body: unknown, paint: Paint): string[] {
  const { from, to, document, groups } = bag(body);
  const lines = [
    paint('bold', `From version ${from} to ${to === null ? 'the document given' : `version ${to}`}:`),
    ...texts(document).map((line) => `  ${line}`),
  ];
  for (const one of bags(groups)) lines.push(paint('bold', `group ${one.group}:`), ...changesOf(one, paint));
  return lines.length === 1 ? [...lines, '  nothing differs'] : lines;
}

export function explanationPage(body: unknown, paint: Paint): string[] {
  const { email, groups, version, because, admitted, policies, model, tool } = bag(body);
  const lines = [
    paint('bold', `${email} in ${texts(groups).join(', ') || 'no group'}, under version ${version}:`),
    paint(admitted ? 'green' : 'red', String(because)),
  ];
  for (const answer of [model, tool].filter((one) => one !== undefined).map(bag)) {
    const bad = answer.decision === 'denied';
    lines.push('', `${answer.asked}: ${paint(bad ? 'red' : 'green', String(answer.decision))}`, `  ${answer.because}`);
    for (const part of bags(answer.partly)) lines.push(paint('dim', `  in part: ${part.rule}, says ${part.section} of "${part.policy}"`));
    for (const change of texts(answer.would_change)) lines.push(paint('dim', `  would change by ${change}`));
  }
  if (model === undefined && tool === undefined)
    for (const one of bags(policies))
      lines.push(`  ${one.applies ? paint('green', 'applies') : paint('dim', 'does not')}  ${one.name}: ${one.because}`);
  return lines;
}

export function upstreamsPage(body: unknown, paint: Paint): string[] {
  const { upstreams, ignored } = bag(body);
  const lines = bags(upstreams).flatMap(({ order, kind, url, region, region_from, workspace_id, inference_profile, credential }) => {
    const { source, mode, state, key, because } = bag(credential);
    const where = [
      region ? `region ${region} (${region_from})` : '',
      workspace_id ? `workspace ${workspace_id}` : '',
      inference_profile ? `profile ${inference_profile}` : '',
    ].filter((part) => part !== '');
    const how = mode === 'sigv4' ? `SigV4 by ${source}` : `API key ${key ?? ''} of ${source}`;
    return [
      `${order}  ${paint('bold', String(kind).padEnd(13))}  ${url}`,
      ...(where.length > 0 ? [`   ${where.join(', ')}`] : []),
      `   ${state === 'ready' ? paint('green', how) : paint('red', `${source} is missing: ${because}`)}`,
    ];
  });
  if (lines.length === 0)
    lines.push(paint('yellow', 'No upstream: the gateway passes nothing on. The profile names them (inference.upstreams).'));
  for (const { kind, used, ignored: sources } of bags(ignored))
    lines.push(
      paint(
        'yellow',
        `Ignored for ${kind}: ${texts(sources).join(', ')}. ${used ? `It is asked by ${used}.` : 'The profile names no such upstream.'}`,
      ),
    );
  return lines;
}

export function versionsPage(body: unknown, paint: Paint): string[] {
  return bags(bag(body).versions).map(
    (one) => `${paint('bold', String(one.version).padStart(5))}  ${one.published_at}  ${one.author}  ${one.reason}`,
  );
}

export function clientsPage(body: unknown, paint: Paint): string[] {
  const { counts, clients, next } = bag(body);
  const lines = [
    paint(
      'bold',
      Object.entries(bag(counts))
        .map(([standing, count]) => `${count} ${standing}`)
        .join(', '),
    ),
  ];
  for (const one of bags(clients)) {
    const style = one.standing === 'proven' ? 'green' : one.standing === 'unproven' ? 'dim' : 'red';
    lines.push(`${paint(style, String(one.standing).padEnd(9))}  ${one.email}  ${one.client_version ?? '-'}  ${one.because}`);
  }
  if (next) lines.push(paint('dim', 'There are more: narrow with --standing or --group, or ask with --json.'));
  return lines;
}

export function importPage(body: unknown): string[] {
  const { left, notes, problems } = bag(body);
  return [
    ...bags(left).map(({ what, why }) => `# left: ${what}: ${why}`),
    ...texts(notes).map((note) => `# note: ${note}`),
    ...bags(problems).map(({ path, message }) => `# still wrong: ${path || 'the document'}: ${message}`),
  ];
}

/** A refusal with its list of problems, where it has one. */
export function refusalPage(message: string, body: unknown): string[] {
  const { problems } = bag(bag(body).error);
  return [message, ...bags(problems).map(({ path, message }) => `  ${path || 'the document'}: ${message}`)];
}

function bag(value: unknown): Bag {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Bag) : {};
}
function bags(value: unknown): Bag[] {
  return Array.isArray(value) ? value.map(bag) : [];
}
function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
function number(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}
