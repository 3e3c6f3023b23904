import { simulatorCredentials } from "../../credentials.ts";
import type { ApiRequest } from "../../route.ts";
import { utf8 } from "../../wire/bytes.ts";

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-authentication-methods.html and
// https://docs.aws.amazon.com/ses/latest/APIReference-V2/CommonErrors.html.

export interface SignatureProblem {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

interface KeyPair {
  readonly secret: string;
  readonly sessionToken?: string;
}

const { accessKeyId, secretAccessKey, temporaryAccessKeyId, temporarySecretAccessKey, temporarySessionToken } =
  simulatorCredentials.ses;

const keyPairs: ReadonlyMap<string, KeyPair> = new Map<string, KeyPair>([
  [accessKeyId, { secret: secretAccessKey }],
  [temporaryAccessKeyId, { secret: temporarySecretAccessKey, sessionToken: temporarySessionToken }],
]);

/** How far a request's time may be from ours. */
const toleranceMs = 15 * 60_000;

const authorizationPattern =
  /^AWS4-HMAC-SHA256 Credential=([^/,\s]+)\/(\d{8})\/([a-z0-9-]+)\/([a-z0-9-]+)\/aws4_request,\s*SignedHeaders=([a-z0-9;-]+),\s*Signature=([0-9a-f]{64})$/;

function forbidden(code: string, message: string): SignatureProblem {
  return { status: 403, code, message };
}

/** What is wrong with the request's signature, if anything is. The host that counts is the provider's. */
export async function signatureProblem(request: ApiRequest): Promise<SignatureProblem | undefined> {
  const { headers, host } = request;
  const authorization = headers.get("authorization");
  if (authorization === null)
    return forbidden("MissingAuthenticationTokenException", "Request is missing Authentication Token");
  const [, id = "", day = "", region, service, signedHeaders = "", signature] =
    authorizationPattern.exec(authorization) ?? [];
  const amzDate = headers.get("x-amz-date") ?? "";
  const time = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(amzDate);
  const names = signedHeaders.split(";");
  const mustBeSigned = ["host", ...[...headers.keys()].filter((name) => name.startsWith("x-amz-"))];
  if (signature === undefined || !time || mustBeSigned.some((name) => !names.includes(name))) {
    return {
      status: 400,
      code: "IncompleteSignatureException",
      message: "The request signature does not conform to AWS standards.",
    };
  }
  const keyPair = keyPairs.get(id);
  if (!keyPair || keyPair.sessionToken !== (headers.get("x-amz-security-token") ?? undefined)) {
    return forbidden("UnrecognizedClientException", "The security token included in the request is invalid.");
  }
  const [, year, month, date, hour, minute, second] = time;
  const sentAtMs = Date.parse(`${year}-${month}-${date}T${hour}:${minute}:${second}Z`);
  if (!(Math.abs(sentAtMs - request.nowMs) <= toleranceMs)) {
    return { status: 400, code: "RequestExpired", message: `Signature expired: ${amzDate} is too far from now.` };
  }
  const expectedScope = [amzDate.slice(0, 8), host.split(".")[1], "ses"];
  if ([day, region, service].some((part, index) => part !== expectedScope[index])) {
    return forbidden("SignatureDoesNotMatch", `Credential should be scoped to ${expectedScope.join("/")}.`);
  }
  const scope = `${day}/${region}/${service}/aws4_request`;
  const canonical = await canonicalRequest(request, names);
  const stringToSign = `AWS4-HMAC-SHA256\n${amzDate}\n${scope}\n${await sha256(utf8(canonical))}`;
  let key: Uint8Array<ArrayBuffer> = utf8(`AWS4${keyPair.secret}`);
  for (const part of scope.split("/")) key = await hmac(key, part);
  if (hex(await hmac(key, stringToSign)) === signature) return undefined;
  return forbidden(
    "SignatureDoesNotMatch",
    "The request signature we calculated does not match the signature you provided.",
  );
}

async function canonicalRequest({ method, path, host, headers, bytes }: ApiRequest, names: string[]): Promise<string> {
  // Of these paths no character needs encoding, and no request of this API has a query.
  let text = `${method}\n${path}\n\n`;
  for (const name of names.toSorted()) {
    const value = name === "host" ? host : (headers.get(name) ?? "");
    text += `${name}:${value.trim().split(/\s+/).join(" ")}\n`;
  }
  return `${text}\n${names.toSorted().join(";")}\n${await sha256(bytes)}`;
}

async function hmac(key: Uint8Array<ArrayBuffer>, text: string): Promise<Uint8Array<ArrayBuffer>> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const imported = await crypto.subtle.importKey("raw", key, algorithm, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", imported, utf8(text)));
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return hex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
