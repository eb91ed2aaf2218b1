/** Fills the placeholders of a machine's definition: each step by its ARN; one missing or one too many is an error. Pure text. */
import { placeholder } from '@gatehouse/contracts/names';

/** `arns`: step name -> ARN of the alias that does it. Returns the definition as it is deployed. */
export function fill(machine: string, definition: string, arns: Readonly<Record<string, string>>): string {
  const values = new Map(Object.entries(arns).map(([step, arn]) => [placeholder(step), arn]));
  const used = new Set<string>();
  const filled = definition.replace(/\$\{([^}]*)\}/g, (written, name: string) => {
    const value = values.get(name);
    if (value === undefined) throw new Error(`Machine "${machine}" writes ${written}, but its surface lists no such step`);
    used.add(name);
    return value;
  });
  const unused = [...values.keys()].filter((name) => !used.has(name));
  if (unused.length > 0) throw new Error(`Machine "${machine}" never uses ${unused.map((name) => `\${${name}}`).join(', ')}`);
  return filled;
}
