import { simulatorCredentials } from "../../credentials.ts";
import type { Answer, ApiRequest, Handled } from "../../route.ts";
import { fromBase64, toBase64Url, utf8 } from "../../wire/bytes.ts";
import { objectOf, parseJson, stringOf } from "../../wire/json.ts";
import { googleError, refuse } from "./errors.ts";

// https://developers.google.com/identity/protocols/oauth2/service-account#httprest

const { publicKey, serviceAccount } = simulatorCredentials.fcm;
const tokenUrl = "https://oauth2.googleapis.com/token";
/** A second less than an hour, as Google answers. */
const lifeSeconds = 3599;
const scopePrefix = "https://www.googleapis.com/auth/";
/** Either lets send. */
const sendingScopes = ["firebase.messaging", "cloud-platform"].map((name) => scopePrefix + name);

function fromBase64Url(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) return undefined;
  return fromBase64(
    text
      .replaceAll("-", "+")
      .replaceAll("_", "/")
      .padEnd(Math.ceil(text.length / 4) * 4, "="),
  );
}

function partOf(text: string | undefined): Readonly<Record<string, unknown>> | undefined {
  const bytes = fromBase64Url(text ?? "");
  return bytes && objectOf(parseJson(new TextDecoder().decode(bytes)));
}

function refuseGrant(error: string, description: string): Handled {
  return refuse({ status: 400, body: { error, error_description: description } }, "Access token refused");
}

/** Exchanges an assertion for an access token. */
export async function grantToken({ body, headers, nowMs }: ApiRequest): Promise<Handled> {
  if (!/^application\/x-www-form-urlencoded\b/i.test(headers.get("content-type") ?? ""))
    return refuseGrant("invalid_request", "Bad content type");
  const form = new URLSearchParams(body);
  if (form.get("grant_type") !== "urn:ietf:params:oauth:grant-type:jwt-bearer")
    return refuseGrant("unsupported_grant_type", `Invalid grant_type: ${form.get("grant_type")}`);
  const parts = (form.get("assertion") ?? "").split(".");
  const [head, claim, signature] = parts;
  const header = partOf(head);
  const claims = partOf(claim);
  if (parts.length !== 3 || !header || !claims) return refuseGrant("invalid_grant", "Bad Request");
  if (header["alg"] !== "RS256") return refuseGrant("invalid_grant", "Invalid JWT: alg must be RS256.");
  if (claims["iss"] !== serviceAccount.client_email)
    return refuseGrant("invalid_grant", "Invalid grant: account not found");
  if (!(await isSignedBy(`${head}.${claim}`, fromBase64Url(signature ?? ""))))
    return refuseGrant("invalid_grant", "Invalid JWT Signature.");
  if (claims["aud"] !== tokenUrl && claims["aud"] !== "https://accounts.google.com/o/oauth2/token")
    return refuseGrant("invalid_grant", "Invalid JWT: Failed audience check");
  if (!isInTime(claims["iat"], claims["exp"], nowMs / 1000)) {
    return refuseGrant(
      "invalid_grant",
      "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.",
    );
  }
  const scopes = (stringOf(claims["scope"]) ?? "").split(" ");
  if (!scopes.every((scope) => scope.startsWith(scopePrefix) && scope.length > scopePrefix.length))
    return refuseGrant("invalid_scope", "Invalid OAuth scope or ID token audience provided.");
  const content = toBase64Url(utf8(JSON.stringify({ exp: nowMs / 1000 + lifeSeconds, scopes })));
  const access_token = `ya29.${content}.${toBase64Url(await seal(content))}`;
  return {
    answer: { status: 200, body: { access_token, expires_in: lifeSeconds, token_type: "Bearer" } },
    messages: [],
    note: "Access token",
  };
}

async function isSignedBy(signed: string, signature: Uint8Array<ArrayBuffer> | undefined): Promise<boolean> {
  const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("spki", fromBase64(publicKey), algorithm, false, ["verify"]);
  return signature !== undefined && (await crypto.subtle.verify(algorithm, key, signature, utf8(signed)));
}

/** At most an hour, with five minutes for clocks that differ. */
function isInTime(iat: unknown, exp: unknown, now: number): boolean {
  const leeway = 300;
  if (!Number.isInteger(iat) || !Number.isInteger(exp)) return false;
  const [from, to] = [iat as number, exp as number];
  return to > from && to - from <= 3600 && from <= now + leeway && to > now - leeway;
}

/** Makes tokens that need no memory: who has no key makes none. Clients see opaque text. */
async function seal(content: string): Promise<Uint8Array<ArrayBuffer>> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", utf8(serviceAccount.private_key), algorithm, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign(algorithm, key, utf8(content)));
}

/** Why the request must not be carried out, if so. */
export async function accessProblem({ headers, nowMs }: ApiRequest): Promise<Answer | undefined> {
  const expected =
    "Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.";
  const authorization = headers.get("authorization");
  const unauthenticated = (message: string, reason: string): Answer => ({
    ...googleError(401, "UNAUTHENTICATED", `${message} ${expected}`, errorInfo(reason)),
    headers: { "www-authenticate": 'Bearer realm="https://accounts.google.com/"' },
  });
  if (!authorization?.startsWith("Bearer "))
    return unauthenticated("Request is missing required authentication credential.", "CREDENTIALS_MISSING");
  const [, content = "", sealed] = authorization.slice(7).split(".");
  const grant = toBase64Url(await seal(content)) === sealed ? partOf(content) : undefined;
  if (!grant || Number(grant["exp"]) <= nowMs / 1000)
    return unauthenticated(
      "Request had invalid authentication credentials.",
      grant ? "ACCESS_TOKEN_EXPIRED" : "ACCESS_TOKEN_TYPE_UNSUPPORTED",
    );
  const scopes = grant["scopes"];
  if (Array.isArray(scopes) && scopes.some((scope) => sendingScopes.includes(scope))) return undefined;
  return googleError(
    403,
    "PERMISSION_DENIED",
    "Request had insufficient authentication scopes.",
    errorInfo("ACCESS_TOKEN_SCOPE_INSUFFICIENT"),
  );
}

function errorInfo(reason: string): object {
  return {
    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
    reason,
    domain: "googleapis.com",
    metadata: { service: "fcm.googleapis.com" },
  };
}
