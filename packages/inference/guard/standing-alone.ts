/** Cuts out of a text what is written in a given way and stands alone, in time that grows with the text's length only. Decides nothing about what it is. */

/**
 * Part of a word, an identifier, a fraction or a longer row of numbers is not alone. The look ahead takes nothing from the text: in `12 4111 1111 1111 1111`
 * the second number is tried as a beginning as well.
 * @param form source of an expression whose repetitions are all bounded.
 */
export function standingAlone(form: string): RegExp {
  return new RegExp(`(?<![A-Za-z0-9_.]|[0-9]-)(?=(${form})(?![A-Za-z0-9_]|[.-][0-9]))`, 'g');
}

/** Each look takes some microseconds: more of them than any honest text has places for are not made. */
export const mostLooks = 10_000;

/** How many places of the text hold what `is` says yes to. */
export function countOf(text: string, form: RegExp, is: (found: string) => boolean): number {
  let count = 0;
  let looks = 0;
  for (const [, found] of text.matchAll(form)) {
    if (found !== undefined && is(found)) count++;
    if (++looks === mostLooks) break;
  }
  return count;
}

/** A space of any width or a dash, as people write between groups. */
export const gap = '[ \\u00a0\\u2007\\u2009\\u202f\\u2010-\\u2013-]';
