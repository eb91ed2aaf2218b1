/** Why a SCIM request was refused, in the terms of RFC 7644 section 3.12. Never carries a value that a caller sent as a secret. */
import { refuse } from '@gatehouse/core/result';

export interface ScimRefusal {
  status: 400 | 401 | 403 | 404 | 405 | 409 | 412 | 413 | 415 | 429 | 500 | 501;
  scimType?: 'invalidFilter' | 'tooMany' | 'uniqueness' | 'mutability' | 'invalidSyntax' | 'invalidPath' | 'noTarget' | 'invalidValue';
  detail: string;
}

/** 400 with its keyword. */
export function refuseInput(scimType: NonNullable<ScimRefusal['scimType']>, detail: string): { ok: false; refusal: ScimRefusal } {
  return refuse({ status: 400, scimType, detail });
}

/** What a caller wrote goes into a message only in a bounded piece. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}...` : text);
}
