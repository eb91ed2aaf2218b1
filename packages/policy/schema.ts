/** JSON Schema of the policy document, made from the zod source that also checks it: for editors and for other people's gates. */
import { PolicyDocument, Settings } from '@gatehouse/rules/document';
import { settingKeys } from '@gatehouse/rules/settings-keys';
import * as z from 'zod';

/** Draft 2020-12. Rules over several members (an empty match, two policies of one name) are told by the server alone. */
export function documentSchema(): Readonly<Record<string, unknown>> {
  const schema = z.toJSONSchema(PolicyDocument, {
    io: 'input',
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema === Settings) jsonSchema.propertyNames = { enum: Object.keys(settingKeys) };
    },
  });
  return { ...schema, title: 'Gatehouse policy document' };
}
