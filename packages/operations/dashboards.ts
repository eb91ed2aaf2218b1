/**
 * Three dashboards, which is what CloudWatch gives away: the platform, what Claude costs, and who comes and goes. Plain data; every metric is
 * one that a surface declares or that AWS documents. `${stage}` in a dimension's value is the stage's name.
 */

export interface Line {
  /** `Gatehouse` when left out. */
  namespace?: string;
  metric: string;
  dimensions?: Readonly<Record<string, string>>;
  statistic: 'Sum' | 'Average' | 'Maximum' | 'Minimum' | 'p50' | 'p99';
  label?: string;
}

export interface Widget {
  section: string;
  title: string;
  lines: readonly Line[];
  /** Seconds. */
  period: 60 | 300 | 3600 | 86_400;
  /** `number` shows the latest value alone. */
  view?: 'timeSeries' | 'number';
}

export interface Dashboard {
  name: 'platform' | 'spend' | 'lifecycle';
  widgets: readonly Widget[];
}

const sum = (metric: string, dimensions?: Line['dimensions'], label?: string): Line => ({
  metric,
  statistic: 'Sum',
  ...(dimensions && { dimensions }),
  ...(label && { label }),
});
const aws = (
  namespace: string,
  metric: string,
  statistic: Line['statistic'],
  dimensions: Line['dimensions'] = {},
  label?: string,
): Line => ({
  namespace,
  metric,
  statistic,
  dimensions,
  ...(label && { label }),
});
const api = { ApiName: 'gatehouse-${stage}' };
const offboarding = { StateMachineArn: 'arn:${partition}:states:${region}:${account}:stateMachine:gatehouse-${stage}-offboarding' };

export const dashboards: readonly Dashboard[] = [
  {
    name: 'platform',
    widgets: [
      {
        section: 'Platform',
        title: 'Requests',
        period: 60,
        lines: [
          aws('AWS/ApiGateway', 'Count', 'Sum', api),
          aws('AWS/ApiGateway', '4XXError', 'Sum', api),
          aws('AWS/ApiGateway', '5XXError', 'Sum', api),
        ],
      },
      {
        section: 'Platform',
        title: 'How long they take',
        period: 60,
        lines: [aws('AWS/ApiGateway', 'Latency', 'p50', api), aws('AWS/ApiGateway', 'Latency', 'p99', api)],
      },
      {
        section: 'Platform',
        title: 'Functions of this account and region',
        period: 60,
        lines: [
          aws('AWS/Lambda', 'Errors', 'Sum'),
          aws('AWS/Lambda', 'Throttles', 'Sum'),
          aws('AWS/Lambda', 'ConcurrentExecutions', 'Maximum'),
        ],
      },
      {
        section: 'Workspaces',
        title: 'Containers and deployments that fail',
        period: 300,
        lines: [sum('EcsServiceTrouble'), sum('EcsDeploymentsFailed')],
      },
      {
        section: 'Workspaces',
        title: 'Coder answers, and workspaces that do not build',
        period: 300,
        lines: [{ metric: 'CoderUp', statistic: 'Minimum' }, sum('WorkspaceBuildsFailed')],
      },
      { section: 'Workspaces', title: 'Backups and machines that fail', period: 300, lines: [sum('BackupsFailed'), sum('MachinesFailed')] },
      {
        section: 'Security',
        title: 'Sign-ins refused',
        period: 300,
        lines: ['token', 'claims', 'flood', 'trouble'].map((name) => sum('TokensRefused', { class: name }, name)),
      },
      { section: 'Security', title: 'Refresh tokens used again', period: 300, lines: [sum('RefreshReuse')] },
      {
        section: 'Security',
        title: 'Days since the signing key was made',
        period: 3600,
        view: 'number',
        lines: [{ metric: 'SigningKeyDays', statistic: 'Maximum' }],
      },
      { section: 'Security', title: 'Prompts refused', period: 300, lines: [sum('InferenceRefusals')] },
    ],
  },
  {
    name: 'spend',
    widgets: [
      { section: 'Spend', title: 'Micro-dollars an hour', period: 3600, lines: [sum('SpendMicros')] },
      {
        section: 'Spend',
        title: 'Fullest budget',
        period: 300,
        view: 'number',
        lines: [{ metric: 'BudgetUsedPercent', statistic: 'Maximum' }],
      },
      {
        section: 'Spend',
        title: 'Today, in percent of a usual such weekday',
        period: 3600,
        lines: [{ metric: 'SpendVsUsual', statistic: 'Maximum' }],
      },
      { section: 'Spend', title: 'Tokens without a price', period: 3600, lines: [sum('UnpricedTokens')] },
      {
        section: 'AI usage',
        title: 'Tokens an hour',
        period: 3600,
        lines: [sum('InputTokens'), sum('OutputTokens'), sum('CacheReadTokens'), sum('CacheWriteTokens')],
      },
      { section: 'AI usage', title: 'Requests to models', period: 300, lines: [sum('ModelRequests'), sum('InferenceRequests')] },
      {
        section: 'AI usage',
        title: 'First byte of an answer',
        period: 300,
        lines: [
          { metric: 'FirstByteMs', statistic: 'p50' },
          { metric: 'FirstByteMs', statistic: 'p99' },
        ],
      },
      { section: 'AI usage', title: 'Upstreams that fail', period: 300, lines: [sum('UpstreamFaults')] },
      {
        section: 'AI usage',
        title: 'Telemetry',
        period: 300,
        lines: [sum('IngestRequests'), sum('RejectedItems'), sum('DuplicateBatches'), sum('IngestRefusals')],
      },
    ],
  },
  {
    name: 'lifecycle',
    widgets: [
      {
        section: 'Lifecycle',
        title: 'From the event to the cut',
        period: 300,
        lines: [
          { metric: 'TimeToCut', dimensions: { trigger: 'event' }, statistic: 'p50' },
          { metric: 'TimeToCut', dimensions: { trigger: 'event' }, statistic: 'Maximum' },
        ],
      },
      { section: 'Lifecycle', title: 'Cases that need a person', period: 3600, lines: [sum('CasesStuck', { kind: 'offboarding' })] },
      {
        section: 'Lifecycle',
        title: 'Offboardings',
        period: 3600,
        lines: ['ExecutionsStarted', 'ExecutionsSucceeded', 'ExecutionsFailed'].map((metric) =>
          aws('AWS/States', metric, 'Sum', offboarding),
        ),
      },
      {
        section: 'Lifecycle',
        title: 'Directory reads refused',
        period: 300,
        lines: [sum('DirectoryReadsRefused', { source: 'okta' }, 'okta')],
      },
      {
        section: 'Policy',
        title: 'Clients that drifted, are unmanaged or outdated',
        period: 3600,
        lines: ['ClientsDrifted', 'ClientsUnmanaged', 'ClientsOutdated'].map((metric): Line => ({ metric, statistic: 'Maximum' })),
      },
      { section: 'Policy', title: 'Settings served without the store', period: 300, lines: [sum('PolicyServedWithoutStore')] },
    ],
  },
];

/** A dashboard's body as CloudWatch takes it: sections with a heading, widgets two in a row. @param place fills what the data leaves open. */
export function dashboardBody(dashboard: Dashboard, place: Readonly<Record<'stage' | 'region' | 'account' | 'partition', string>>): string {
  const widgets: object[] = [];
  let y = 0;
  for (const section of new Set(dashboard.widgets.map((widget) => widget.section))) {
    widgets.push({ type: 'text', x: 0, y, width: 24, height: 1, properties: { markdown: `## ${section}` } });
    y += 1;
    const own = dashboard.widgets.filter((widget) => widget.section === section);
    for (const [index, widget] of own.entries())
      widgets.push({
        type: 'metric',
        x: (index % 2) * 12,
        y: y + Math.floor(index / 2) * 6,
        width: 12,
        height: 6,
        properties: propertiesOf(widget, place.region),
      });
    y += Math.ceil(own.length / 2) * 6;
  }
  return JSON.stringify({ widgets }).replace(/\$\{(stage|region|account|partition)\}/g, (_, name: keyof typeof place) => place[name]);
}

function propertiesOf({ title, lines, period, view = 'timeSeries' }: Widget, region: string) {
  return {
    title,
    region,
    period,
    view: view === 'number' ? 'singleValue' : view,
    metrics: lines.map(({ namespace = 'Gatehouse', metric, dimensions = {}, statistic, label }) => [
      namespace,
      metric,
      ...Object.entries(dimensions).flat(),
      { stat: statistic, ...(label && { label }) },
    ]),
  };
}
