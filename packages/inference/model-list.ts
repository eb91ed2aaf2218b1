/** The models that a person is offered by name, as the Messages API lists them. Offers nothing that the policy would refuse. */
import { type ModelRules, mayUse } from '@gatehouse/rules/models';

export interface ModelList extends Record<string, unknown> {
  data: { type: 'model'; id: string; display_name: string }[];
  has_more: false;
  first_id: string | null;
  last_id: string | null;
}

/** @param offered by the company, in its order. */
export function modelList(offered: readonly string[], rules: ModelRules): ModelList {
  const data = offered
    .filter((id) => mayUse(rules, id).allowed)
    .map((id) => ({ type: 'model' as const, id, display_name: displayName(id) }));
  return { data, has_more: false, first_id: data.at(0)?.id ?? null, last_id: data.at(-1)?.id ?? null };
}

/** `claude-opus-4-8` -> `Claude Opus 4.8`. */
function displayName(id: string): string {
  return id
    .replace(/-(\d+)-(\d{1,2})(?=$|-)/, '-$1.$2')
    .split('-')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join(' ');
}
