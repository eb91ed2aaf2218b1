/** A question to the logs that is kept for whoever is on duty: CloudWatch Logs Insights over the logs of a capability's own functions. Plain data. */

export interface SavedQuery {
  /** e.g. `Sign-ins refused, by reason and address`; it stands in the console under the stage and the capability. */
  name: string;
  /** Entries of the capability's surface, whose logs are read. */
  logGroups: readonly string[];
  /** Logs Insights QL; its fields are those that our log lines and metrics have. */
  query: string;
}
