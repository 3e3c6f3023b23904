import type { Route } from "./route.ts";

/** What is called by its hosts. */
interface Hosted {
  readonly hosts: readonly string[];
}

/** The route that a URL calls. */
export interface Called<R extends Hosted = Route> {
  readonly route: R;
  /** The provider's host name, as it was called. */
  readonly host: string;
  /** Without the prefix that names the host. */
  readonly path: string;
  /** Not by the first part of the path. */
  readonly byHostName: boolean;
}

/** Finds routes by the URL's host name, or by the first part of its path where a client only knows a base URL. */
export function createRouter<R extends Hosted>(routes: readonly R[]): (url: URL) => Called<R> | undefined {
  const entries = routes.flatMap((route) => route.hosts.map((pattern) => ({ route, ...compile(pattern) })));
  // The longest path first: the others of its host must not take what belongs to it.
  entries.sort((a, b) => b.pathPrefix.length - a.pathPrefix.length);

  const find = (host: string, path: string, byHostName: boolean): Called<R> | undefined => {
    const entry = entries.find(({ hostName, pathPrefix }) => hostName.test(host) && path.startsWith(pathPrefix));
    return entry && { route: entry.route, host, path, byHostName };
  };

  return (url) => {
    const [, host = "", path = ""] = /^\/([^/]*)(.*)$/s.exec(url.pathname) ?? [];
    return find(url.hostname, url.pathname, true) ?? find(host.toLowerCase(), path || "/", false);
  };
}

function compile(pattern: string): { readonly hostName: RegExp; readonly pathPrefix: string } {
  const slash = pattern.indexOf("/");
  const host = slash < 0 ? pattern : pattern.slice(0, slash);
  const parts = host.split("*").map((part) => part.replace(/[\\^$.+?()[\]{}|]/g, "\\$&"));
  return { hostName: new RegExp(`^${parts.join("[a-z0-9-]+")}$`), pathPrefix: slash < 0 ? "/" : pattern.slice(slash) };
}
