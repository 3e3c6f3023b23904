/** RFC 5322 section 3.2.3 `dot-atom`: no quoted local parts, which hide an @ from whoever reads carelessly. */
const dotAtom = /^[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*$/;

/** RFC 1035 section 2.3.1, two labels at least; a last label that is a number would make it an IP address. */
const hostname = /^([a-z\d]([a-z\d-]{0,61}[a-z\d])?\.)+[a-z]([a-z\d-]{0,61}[a-z\d])$/;

/**
 * A domain in its one spelling: lower case, internationalised labels in punycode (UTS 46, as the URL standard has it).
 * Undefined when it is no domain.
 */
export function domainToAscii(domain: string): string | undefined {
  let ascii = domain.toLowerCase();
  if (/[^a-z\d.-]/.test(ascii)) {
    // The URL parser would read a port, a path or a user out of other ASCII characters, and skip line breaks.
    if (/[^a-z\d.\-\u0080-\uffff]/.test(ascii)) return undefined;
    try {
      ascii = new URL(`http://${domain}`).hostname;
    } catch {
      return undefined;
    }
  }
  return ascii.length <= 253 && hostname.test(ascii) ? ascii : undefined;
}

/**
 * A bare address, `local@domain`, with its domain in one spelling; or what was expected of it. The local part keeps its
 * case: only its own host may say that case means nothing.
 */
export function parseEmailAddress(text: string): { readonly email: string } | { readonly expected: string } {
  const at = text.indexOf("@");
  const local = text.slice(0, at);
  if (at > 0 && /^[!-?A-~\u0080-\uffff]+$/.test(local) && /[\u0080-\uffff]/.test(local)) {
    return { expected: "expected ASCII characters before the @: not every mail server takes others" };
  }
  const domain = at > 0 && dotAtom.test(local) ? domainToAscii(text.slice(at + 1)) : undefined;
  if (!domain) return { expected: "expected a bare address, local@domain; a name goes in { email, name }" };
  const email = `${local}@${domain}`;
  // RFC 5321 sections 4.5.3.1.1 and 4.5.3.1.3; both parts are ASCII by now, so characters are octets.
  if (at > 64 || email.length > 254) {
    return { expected: "expected an address of up to 254 octets, 64 of them before the @" };
  }
  return { email };
}
