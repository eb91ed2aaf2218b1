/** What every list of Microsoft Graph has. Reads nothing. */
import * as z from 'zod';

/** Where a page names the next one. */
export const NextLink = { '@odata.nextLink': z.url().optional() };
