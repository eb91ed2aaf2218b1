/** Finds card numbers and IBANs in a text: validator.js says what is one, this only cuts out what may be. Tells how many, never which. */
import isCreditCard from 'validator/lib/isCreditCard.js';
import ibanModule from 'validator/lib/isIBAN.js';
import { countOf, gap, standingAlone } from './standing-alone.ts';

/** A module that exports more than its default arrives as it is or as its default, by who loads it. */
const isIban = (ibanModule.default ?? ibanModule) as typeof ibanModule.default;

const between = `(?:${gap}|[._])`;
/**
 * In one piece, or in groups as cards print them, parted alike. 13 digits, which nobody issues any more, are mostly article numbers, and 19 in one piece
 * ids.
 */
const card = standingAlone(
  `[2-6][0-9]{13,15}|[2-68][0-9]{3}(${between})[0-9]{4}\\2[0-9]{4}\\2[0-9]{4}(?:\\2[0-9]{3})?|3[0-9]{3}(${between})[0-9]{6}\\3[0-9]{4,5}`,
);
/** The first four characters, and more than the longest has of the others: only the country knows where it ends. */
const iban = /(?<![A-Za-z0-9_])(?=((?:[A-Z]{2}|[a-z]{2})[0-9]{2}(?:[ \u00a0-]?[A-Za-z0-9]){11,31}))/g;

export function financialIn(text: string): Map<string, number> {
  const kinds = new Map<string, number>();
  const cards = countOf(text, card, (found) => isCreditCard.default(found.replace(/[^0-9]/g, '')));
  if (cards > 0) kinds.set('card-number', cards);
  const ibans = countOf(text, iban, beginsWithIban);
  if (ibans > 0) kinds.set('iban', ibans);
  return kinds;
}

/** `DE89 3704 0044 0532 0130 00 was paid`: tried at the end of each group. */
function beginsWithIban(found: string): boolean {
  let begin = '';
  for (const group of found.split(/[ \u00a0-]/)) {
    begin += group;
    // Encoded bytes mix upper and lower case.
    if (begin.length >= 15 && (begin === begin.toUpperCase() || begin === begin.toLowerCase()) && isIban(begin)) return true;
  }
  return false;
}
