/**
 * The origin of `PUBLIC_URL`, without a slash at its end: where recipients, providers and QStash reach this Worker.
 * Undefined for anything else. In development there may be no https.
 */
export function originOf(text: string, allowHttp: boolean): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const { protocol, origin, pathname, search, hash, username } = new URL(text);
  const isBare = pathname === "/" && search === "" && hash === "" && username === "";
  return isBare && (protocol === "https:" || (allowHttp && protocol === "http:")) ? origin : undefined;
}
