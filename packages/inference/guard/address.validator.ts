/** Finds e-mail addresses of people outside the company in a text. The writer's own company, machines and documentation are no strangers. */
import isEmail from 'validator/lib/isEmail.js';
import { mostLooks } from './standing-alone.ts';

/** As RFC 5321 bounds both halves. */
const longestLocal = 64;
const longestDomain = 253;
const localPart = /[A-Za-z0-9][A-Za-z0-9._%+'-]*$/;
const domainPart = /^[A-Za-z0-9.-]{3,253}/;

/** @param own the person's address: Claude Code itself writes it into prompts, and colleagues' are in every history. */
export function strangersIn(text: string, own: string): number {
  const company = own.slice(own.lastIndexOf('@') + 1).toLowerCase();
  let found = 0;
  let looks = 0;
  for (let at = text.indexOf('@'); at !== -1; at = text.indexOf('@', at + 1)) {
    if (!/[A-Za-z0-9_+-]/.test(text.charAt(at - 1))) continue;
    if (looks++ === mostLooks) break;
    const [local] = localPart.exec(text.slice(Math.max(0, at - longestLocal), at)) ?? [];
    const [rest] = domainPart.exec(text.slice(at + 1, at + 1 + longestDomain)) ?? [];
    if (local === undefined || rest === undefined) continue;
    const domain = rest.replace(/[.-]+$/, '').toLowerCase();
    const before = text.charAt(at - local.length - 1);
    const after = text.slice(at + 1 + domain.length, at + 3 + domain.length);
    if (isAddress(before, after) && isStranger(local.toLowerCase(), domain, company) && isEmail.default(`${local}@${domain}`)) found++;
  }
  return found;
}

/** `//user:word@host`, `git@host:path` and `name@host/path` are where a machine is, not who somebody is. */
function isAddress(before: string, after: string): boolean {
  return before !== '/' && before !== '@' && !/^[:/][A-Za-z0-9~/]/.test(after) && !/^[@_]/.test(after);
}

/** Names that stand for machines and offices everywhere (RFC 2142, and what software writes as the sender). */
const roles =
  /^(?:no-?reply|do-?not-?reply|noreply\+?.*|.*\[bot\]|git|hg|svn|root|postmaster|hostmaster|webmaster|abuse|security|support|info|admin|mailer-daemon|bounces?)$/;
/** RFC 2606 and RFC 6762, and addresses that a forge makes so that nobody's own is told. */
const nobodys =
  /(?:^|\.)(?:example(?:\.(?:com|org|net))?|test|invalid|localhost|local|internal|lan|users\.noreply\.github\.com|noreply\.[a-z0-9.-]+)$/;
/** `icon@2x.png`, `getty@tty1.service`, `left-pad@1.3.0.tgz`: ends of files that no country and no registry has. */
const files =
  /\.(?:png|jpe?g|gif|svg|webp|avif|bmp|ico|icns|pdf|json|ya?ml|toml|lock|txt|log|xml|html?|css|scss|less|tsx?|jsx?|mjs|cjs|vue|svelte|rb|java|kt|go|cpp|hpp|swift|tgz|gz|zip|jar|whl|deb|rpm|exe|dll|dylib|service|socket|timer|target|mount|slice|scope|path|conf|cfg|ini)$/;

function isStranger(local: string, domain: string, company: string): boolean {
  if (domain === company || domain.endsWith(`.${company}`) || company.endsWith(`.${domain}`)) return false;
  return !roles.test(local) && !nobodys.test(domain) && !files.test(domain);
}
