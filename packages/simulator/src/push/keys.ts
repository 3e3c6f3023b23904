import { fromBase64, toBase64Url, utf8 } from "../wire/bytes.ts";

/** What only the browser has. */
export interface BrowserKeys {
  readonly privateKey: CryptoKey;
  /** 32 bytes in base64url. */
  readonly privateScalar: string;
  /** 65 bytes, uncompressed. */
  readonly publicKey: Uint8Array<ArrayBuffer>;
  /** 16 bytes. */
  readonly authSecret: Uint8Array<ArrayBuffer>;
}

/** PKCS #8 of a P-256 key up to its 32 bytes, without its public key, which importing it computes. */
const pkcs8Head = "MEECAQAwEwYHKoZIzj0CAQYIKoZIzj0DAQcEJzAlAgEBBCA=";

export async function sha256(text: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", utf8(text)));
}

/** Base64url without padding; undefined for anything else. */
export function bytesOfBase64Url(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^[\w-]*$/.test(text) || text.length % 4 === 1) return undefined;
  return fromBase64(text.replaceAll("-", "+").replaceAll("_", "/"));
}

/** The same keys for the same seed: nothing has to be kept. A hash is no private key of P-256 once in 2^32 times. */
export async function deriveKeys(seed: string): Promise<BrowserKeys> {
  const scalar = await sha256(`carillon fake browser, private key, ${seed}`);
  const der = Uint8Array.from([...fromBase64(pkcs8Head), ...scalar]);
  const algorithm = { name: "ECDH", namedCurve: "P-256" };
  const importIt = (): Promise<CryptoKey> => crypto.subtle.importKey("pkcs8", der, algorithm, true, ["deriveBits"]);
  // Node 24 lets an import of DER fail when something else of the process, TLS for instance, has left an error behind in
  // OpenSSL. That takes the error away, so that the next import does not fail.
  const privateKey = await importIt().catch(importIt);
  const { x = "", y = "" } = (await crypto.subtle.exportKey("jwk", privateKey)) as JsonWebKey;
  const point = [x, y].flatMap((half) => [...(bytesOfBase64Url(half) ?? [])]);
  return {
    privateKey,
    privateScalar: toBase64Url(scalar),
    publicKey: Uint8Array.from([4, ...point]),
    authSecret: (await sha256(`carillon fake browser, auth secret, ${seed}`)).slice(0, 16),
  };
}
