/** Which route a method and path mean, as API Gateway REST ranks them: literal parts before `{one}` before `{rest+}`. */
import type { Throttle } from '@gatehouse/contracts/throttle';

export interface RouteSpec {
  method: string;
  /** `/admin/offboardings/{id}/evidence`, `/scim/v2/{proxy+}`. */
  path: string;
  /** Physical name of the function behind it. */
  functionName: string;
  /** Its answers leave while they are made: the integration may then take as long as a stream. */
  stream?: boolean;
  /** How much of it is let through; as the stage is deployed when left out. */
  throttle?: Throttle;
}

export interface Matched {
  route: RouteSpec;
  pathParameters: Record<string, string>;
}

interface Compiled extends RouteSpec {
  parts: readonly string[];
  rank: string;
}

export function compileRoutes(routes: readonly RouteSpec[]): (method: string, path: string) => Matched | undefined {
  const compiled = routes.map((route): Compiled => {
    const parts = split(route.path);
    return { ...route, parts, rank: parts.map(rankOf).join('') };
  });
  compiled.sort((a, b) => (a.rank < b.rank ? -1 : a.rank > b.rank ? 1 : 0));
  return (method, path) => {
    const wanted = split(path);
    for (const { parts, rank: _rank, ...route } of compiled) {
      if (route.method !== method) continue;
      const pathParameters = match(parts, wanted);
      if (pathParameters) return { route, pathParameters };
    }
    return undefined;
  };
}

function split(path: string): string[] {
  return path.split('/').slice(1);
}

function rankOf(part: string): string {
  if (!part.startsWith('{')) return 'a';
  return part.endsWith('+}') ? 'c' : 'b';
}

function match(parts: readonly string[], wanted: readonly string[]): Record<string, string> | undefined {
  const found: Record<string, string> = {};
  for (const [index, part] of parts.entries()) {
    if (part.endsWith('+}')) {
      const rest = wanted.slice(index).join('/');
      if (rest === '') return undefined;
      found[part.slice(1, -2)] = decode(rest);
      return found;
    }
    const piece = wanted[index];
    if (piece === undefined || piece === '') return parts.length === 1 && part === '' && piece === '' ? found : undefined;
    if (part.startsWith('{')) found[part.slice(1, -1)] = decode(piece);
    else if (part !== piece) return undefined;
  }
  return parts.length === wanted.length ? found : undefined;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
