/** Where a deployment may tell apps, beyond https on port 443. */
export interface UrlPolicy {
  /** Further ports. */
  readonly ports: readonly number[];
  /** `http` and `https` to this machine: in development only. */
  readonly loopback: boolean;
}

const maxUrlLength = 2_000;

/** Names that never are on the public internet (RFC 6761, 6762, 8375, ICANN's `.internal`) or belong to local networks. */
const localSuffixes = [
  "localhost",
  "local",
  "localdomain",
  "internal",
  "intranet",
  "private",
  "corp",
  "home",
  "lan",
  "home.arpa",
  "onion",
  "test",
  "invalid",
];

/**
 * Why a webhook must not be sent to this URL, or undefined when it may. The service would be made to ask on somebody's
 * behalf, from inside: so it asks nobody but public hosts over TLS. What a name resolves to cannot be seen in a Worker;
 * Cloudflare's network refuses private addresses.
 */
export function urlProblem(text: string, policy: UrlPolicy): string | undefined {
  if (text.length > maxUrlLength) return `expected at most ${maxUrlLength} characters`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) return "expected a URL";
  if (url.username !== "" || url.password !== "") return "expected no credentials in the URL";
  if (url.hash !== "" || text.includes("#")) return "expected no fragment";
  const { protocol } = url;
  if (policy.loopback && ["127.0.0.1", "localhost"].includes(url.hostname) && /^https?:$/.test(protocol)) {
    return undefined;
  }
  if (protocol !== "https:") return "expected https";
  if (url.port !== "" && !policy.ports.includes(Number(url.port))) {
    return `expected port ${[443, ...policy.ports].join(" or ")}`;
  }
  return isPublicHost(url.hostname) ? undefined : "expected a host on the public internet";
}

/** By the host as the URL parser spells it: every notation of an IPv4 address has become four numbers. */
function isPublicHost(hostname: string): boolean {
  if (hostname.startsWith("[")) return isPublicV6(hostname.slice(1, -1));
  if (/^\d+\.\d+\.\d+\.\d+$/.test(hostname)) return isPublicV4(hostname.split(".").map(Number));
  const name = hostname.replace(/\.$/, "");
  return name.includes(".") && !name.endsWith(".") && !localSuffixes.some((suffix) => name.endsWith(`.${suffix}`));
}

/** Network and length of each block that is not globally reachable (https://www.iana.org/assignments/iana-ipv4-special-registry). */
const specialV4: readonly (readonly [network: number, bits: number])[] = [
  [0x00000000, 8],
  [0x0a000000, 8],
  [0x64400000, 10],
  [0x7f000000, 8],
  [0xa9fe0000, 16],
  [0xac100000, 12],
  [0xc0000000, 24],
  [0xc0000200, 24],
  [0xc0586300, 24],
  [0xc0a80000, 16],
  [0xc6120000, 15],
  [0xc6336400, 24],
  [0xcb007100, 24],
  [0xe0000000, 3],
];

function isPublicV4(parts: readonly number[]): boolean {
  const address = parts.reduce((sum, part) => sum * 256 + part, 0);
  return !specialV4.some(([network, bits]) => {
    const size = 2 ** (32 - bits);
    return address >= network && address < network + size;
  });
}

/**
 * Only global unicast (2000::/3), and of that neither 2001::/23 (Teredo and other protocols' own), 2001:db8::/32 and
 * 3fff::/20 (documentation) nor 2002::/16, which carries an IPv4 address
 * (https://www.iana.org/assignments/iana-ipv6-special-registry).
 */
function isPublicV6(address: string): boolean {
  const [first = 0, second = 0] = address.split(":").map((group) => (group === "" ? 0 : Number.parseInt(group, 16)));
  if (first < 0x2000 || first > 0x3fff) return false;
  if (first === 0x2001) return second >= 0x200 && second !== 0xdb8;
  return first !== 0x2002 && !(first === 0x3fff && second < 0x1000);
}
