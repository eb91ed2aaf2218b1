/** An address in a profile that is asked by HTTP: `ftp://` and the like are told apart when the profile is read, not when the first call fails. */
import * as z from 'zod';

export const url = z.url({ protocol: /^https?$/, error: 'it is no address that begins with https:// or http://' });
