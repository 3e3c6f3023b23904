/**
 * RFC 5322 section 3.2.3 `dot-atom` (no quoted local parts, which hide an @ from whoever reads carelessly), up to 64
 * octets of it (RFC 5321 section 4.5.3.1.1), and what may be a domain.
 */
const bareAddress = /^(?!\.|.*\.[.@])([\w.!#$%&'*+/=?^`{|}~-]{1,64})@(.+)$/;

/** RFC 1035 section 2.3.1, two labels at least; a last label that is a number would make it an IP address. */
const hostname = /^(?=.{1,253}$)(?:(?!-)[a-z\d-]{0,62}[a-z\d]\.)+[a-z][a-z\d-]{0,61}[a-z\d]$/;

/** What {@link spellEmailAddress} takes, in words. Some mail servers take no more than ASCII before the @. */
export const emailExpectation: string = "a bare address: at most 64 ASCII characters before the @, 254 in all";

/**
 * A domain in its one spelling: lower case, internationalised labels in punycode (UTS 46, as the URL standard has it).
 * Undefined when it is no domain.
 */
export function domainToAscii(domain: string): string | undefined {
  // The URL parser would read a port, a path or a user out of other ASCII characters, and skip line breaks.
  if (!/^[a-z\d.\-\u0080-\uffff]+$/i.test(domain)) return undefined;
  try {
    const ascii = new URL(`http://${domain}`).hostname;
    return hostname.test(ascii) ? ascii : undefined;
  } catch {
    return undefined;
  }
}

/**
 * A bare address, `local@domain`, with its domain in one spelling; undefined for what is none. The local part keeps its
 * case: only its own host may say that case means nothing.
 */
export function spellEmailAddress(text: string): string | undefined {
  const [, local, host = ""] = bareAddress.exec(text) ?? [];
  const domain = domainToAscii(host);
  const email = `${local}@${domain}`;
  // RFC 5321 section 4.5.3.1.3; both parts are ASCII by now, so characters are octets.
  return domain && email.length <= 254 ? email : undefined;
}

/** {@link spellEmailAddress} for who needs words for a refusal. */
export function parseEmailAddress(text: string): { readonly email: string } | { readonly expected: string } {
  const email = spellEmailAddress(text);
  return email ? { email } : { expected: emailExpectation };
}
