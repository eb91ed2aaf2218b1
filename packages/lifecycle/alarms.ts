/** Lifecycle's alarms and the metrics behind them. An alarm names what happened and what a person does about it. */
import type { Alarm, Metric } from '@gatehouse/contracts/surface';

/** At least so many within five minutes. */
function counted(name: string, metric: string, description: string, rest: Partial<Alarm> = {}): Alarm {
  return {
    name,
    description,
    namespace: 'Gatehouse',
    metric,
    statistic: 'Sum',
    periodSeconds: 300,
    evaluationPeriods: 1,
    threshold: 1,
    comparison: 'GreaterThanOrEqualToThreshold',
    missingData: 'notBreaching',
    ...rest,
  };
}

const stuck = (kind: string): Partial<Alarm> => ({ dimensions: { kind } });

export const alarms: readonly Alarm[] = [
  counted(
    'slow-cut',
    'TimeToCut',
    'From the start of an offboarding to everything cut took more than five minutes. Open the execution in Step Functions: the state that is retrying says which system to mend.',
    { dimensions: { trigger: 'event' }, statistic: 'Maximum', threshold: 300_000, comparison: 'GreaterThanThreshold' },
  ),
  counted(
    'many-joiners',
    'JoinersLeft',
    'More people joined within an hour than the profile lets through by themselves (lifecycle.guard.max_people): a new directory or a first sweep, or a team. The log of the function hear-joined names them; POST /admin/onboardings for each who is to have a seat, a key and a workspace.',
  ),
  counted(
    'onboarding-needs-human',
    'CasesStuck',
    'An onboarding stopped and needs a person. GET /admin/onboardings?person= shows its message, which says what to mend; then start it again.',
    stuck('onboarding'),
  ),
  counted(
    'move-needs-human',
    'CasesStuck',
    'A move between groups stopped and needs a person: they may lack what they should have, or have what they should not. The execution of the mover machine says what to mend; then start it again.',
    stuck('mover'),
  ),
  counted(
    'case-needs-human',
    'CasesStuck',
    'An offboarding stopped and needs a person. GET /admin/offboardings?person= shows its message, which says what to mend; then start it again.',
    stuck('offboarding'),
  ),
  counted(
    'case-unproven',
    'CasesUnproven',
    'A credential that was cut or deleted still works, or its death cannot be shown. GET /admin/offboardings?person= names the system: end it there by hand now, then start the offboarding again.',
    { severity: 'page' },
  ),
  counted(
    'cut-objective-burning',
    'CutsInTime',
    'Of the leavers of a day less than nine in ten were cut within a minute of their event; the objective is 99 in 100 over a month. The dashboard shows the time to cut; the executions with the longest say which system is slow.',
    { statistic: 'Average', periodSeconds: 86_400, threshold: 90, comparison: 'LessThanThreshold' },
  ),
];

export const metrics: readonly Metric[] = [
  { name: 'TimeToCut', unit: 'Milliseconds', sets: [['trigger']] },
  { name: 'TimeToProvenDead', unit: 'Milliseconds', sets: [['trigger']] },
  { name: 'CasesStuck', unit: 'Count', sets: [['kind']] },
  { name: 'TimeToOnboard', unit: 'Milliseconds', sets: [['trigger']] },
  { name: 'JoinersLeft', unit: 'Count', sets: [[]] },
  { name: 'CasesUnproven', unit: 'Count', sets: [[]] },
  { name: 'CutsInTime', unit: 'Percent', sets: [[]] },
];
