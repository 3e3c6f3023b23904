import { bytesOfBase64Url } from "../../push/keys.ts";
import { utf8 } from "../../wire/bytes.ts";
import { objectOf, parseJson } from "../../wire/json.ts";

export interface Vapid {
  /** 65 bytes in base64url. */
  readonly publicKey: string;
  readonly subject: string;
  readonly audience: string;
  readonly expiresAtMs: number;
}

const dayMs = 86_400_000;

/**
 * Who sends, from the `Authorization` header (RFC 8292): undefined unless the token is signed by the key beside it, is for
 * one of these origins, ends within a day, and says whom to write to (which Mozilla documents as required, and Apple refuses without).
 */
export async function readVapid(header: string, origins: readonly string[], nowMs: number): Promise<Vapid | undefined> {
  const parameters = new Map(
    header
      .replace(/^vapid +/i, "")
      .split(/ *, */)
      .map((parameter) => parameter.split(/=(.*)/s, 2) as [string, string]),
  );
  const publicKey = parameters.get("k") ?? "";
  const [head = "", body = "", signature = "", ...more] = (parameters.get("t") ?? "").split(".");
  const claims = jsonOf(body);
  const point = bytesOfBase64Url(publicKey);
  const signed = bytesOfBase64Url(signature);
  if (!/^vapid /i.test(header) || more.length > 0 || jsonOf(head)?.["alg"] !== "ES256" || !claims) return undefined;
  if (point?.length !== 65 || point[0] !== 4 || signed?.length !== 64) return undefined;
  const { aud, exp, sub } = claims;
  if (typeof aud !== "string" || !origins.includes(aud) || typeof exp !== "number" || typeof sub !== "string")
    return undefined;
  const expiresAtMs = exp * 1000;
  if (!(expiresAtMs > nowMs && expiresAtMs <= nowMs + dayMs)) return undefined;
  if (!/^(mailto:[^\s<>@]+@|https:\/\/)(?!localhost)[^\s<>@]+$/.test(sub)) return undefined;
  const isSigned = await verify(point, signed, `${head}.${body}`);
  return isSigned ? { publicKey, subject: sub, audience: aud, expiresAtMs } : undefined;
}

function jsonOf(part: string): Readonly<Record<string, unknown>> | undefined {
  const bytes = bytesOfBase64Url(part);
  return bytes && objectOf(parseJson(new TextDecoder().decode(bytes)));
}

async function verify(
  point: Uint8Array<ArrayBuffer>,
  signature: Uint8Array<ArrayBuffer>,
  signed: string,
): Promise<boolean> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  try {
    const key = await crypto.subtle.importKey("raw", point, algorithm, false, ["verify"]);
    return await crypto.subtle.verify(algorithm, key, signature, utf8(signed));
  } catch {
    return false; // A point that is not on the curve.
  }
}
