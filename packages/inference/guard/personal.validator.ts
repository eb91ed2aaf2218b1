/**
 * Finds phone numbers, national identity and tax numbers, and e-mail addresses of strangers in a text. libphonenumber and validator.js say what is one, this
 * only cuts out what may be. Tells how many, never which.
 */
import { parsePhoneNumberFromString } from 'libphonenumber-js/min';
import isIdentityCard from 'validator/lib/isIdentityCard.js';
import isTaxId from 'validator/lib/isTaxID.js';
import { strangersIn } from './address.validator.ts';
import { countOf, standingAlone } from './standing-alone.ts';

/** @param own the person's address. */
export function personalIn(text: string, own: string): Map<string, number> {
  const found = { 'phone-number': phonesIn(text), 'national-id': idsIn(text), 'e-mail': strangersIn(text, own) };
  return new Map(Object.entries(found).filter(([, count]) => count > 0));
}

/** With the country, as `+41 44 668 18 00`. */
const abroad = /(?<![A-Za-z0-9_+])(?=(\+[ (]?[0-9][0-9 \u00a0().\-/\u2010-\u2013]{6,24}))/g;
/** North America's ways without it; other countries' cannot be told from other numbers. */
const america = standingAlone('(?<!\\+1[ .-])[2-9][0-9]{2}([-.])[2-9][0-9]{2}\\2[0-9]{4}');
const bracketed = /(?<![A-Za-z0-9_]|\+1 ?)(?=(\([2-9][0-9]{2}\) ?[2-9][0-9]{2}[-. ][0-9]{4}(?![A-Za-z0-9_])))/g;

function phonesIn(text: string): number {
  const isPhone = (written: string) => parsePhoneNumberFromString(written, 'US')?.isValid() === true;
  return countOf(text, abroad, isPhone) + countOf(text, america, isPhone) + countOf(text, bracketed, isPhone);
}

const tax = (locale: string) => (found: string) => isTaxId.default(found, locale);

/** Only numbers that their way of writing and a check digit make plain: bare rows of nine or ten digits are mostly something else. */
const idForms: readonly [string, (found: string) => boolean][] = [
  ['[0-9]{3}-[0-9]{2}-[0-9]{4}', isSocialSecurityNumber],
  ['[1-9][0-9]{16}[0-9Xx]', (found) => isIdentityCard.default(found.toUpperCase(), 'zh-CN')],
  ['[0-9XYZ][0-9]{7}-?[A-Z]', (found) => isIdentityCard.default(found.replace('-', ''), 'ES')],
  ['[0-9]{6}[+A-][0-9]{3}[0-9A-Y]', (found) => isIdentityCard.default(found, 'FI')],
  ['[1-9][0-9]{10}|[1-9][0-9] [0-9]{3} [0-9]{3} [0-9]{3}', (found) => tax('de-DE')(found.replaceAll(' ', ''))],
  ['[0-3][0-9] [0-9]{2} [0-9]{3} [0-9]{3} [0-9]{3}', tax('fr-FR')],
  ['[0-9]{2}\\.[0-9]{2}\\.[0-9]{2}-[0-9]{3}\\.[0-9]{2}', (found) => tax('fr-BE')(found.replace(/[.-]/g, ''))],
  ['[0-9]{3}\\.[0-9]{3}\\.[0-9]{3}-[0-9]{2}', tax('pt-BR')],
  ['[A-Z]{2} ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D]', (found) => tax('en-GB')(found.replaceAll(' ', ''))],
  ['[A-Z]{6}[0-9L-V]{2}[A-Z][0-9L-V]{2}[A-Z][0-9L-V]{3}[A-Z]', tax('it-IT')],
];

const anyId = standingAlone(idForms.map(([form]) => form).join('|'));
const wholeForms = idForms.map(([form, is]) => ({ form: new RegExp(`^(?:${form})$`), is }));

function idsIn(text: string): number {
  return countOf(text, anyId, (found) => wholeForms.some(({ form, is }) => form.test(found) && is(found)));
}

/** No library that is kept well knows it, since it has no check digit: these are the numbers that are never given (SSA, "Randomization"). */
function isSocialSecurityNumber(found: string): boolean {
  const [area = '', group, serial] = found.split('-');
  return area !== '000' && area !== '666' && area < '900' && group !== '00' && serial !== '0000';
}
