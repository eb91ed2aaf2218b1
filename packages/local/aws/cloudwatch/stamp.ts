/** The form of a time in CloudWatch's events and reasons, e.g. `2026-01-02T03:04:05.678+0000`. */
export function stamp(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '+0000');
}
