import { simulatorCredentials } from "@carillon/simulator";
import { mailgunWebhook } from "carillon/providers/mailgun";
import type { Receiver, Tenant, Variant } from "../receiver.ts";
import { sample } from "../receiver.ts";
import { exactly, objectIn } from "../request.ts";
import type { Changed, Proof, Request } from "../request.ts";
import { base64, digest, hex, hmac, secondsOf, utf8 } from "../signing.ts";
import type { Hash } from "../signing.ts";

const keys: Readonly<Record<Tenant, string>> = {
  ours: simulatorCredentials.mailgun.webhookSigningKey,
  theirs: "other-tenant-mailgun-signing-key",
};

/** Fifty digits, another fifty for each webhook. */
async function tokenFor({ body }: Request): Promise<string> {
  return hex(await digest("SHA-256", body)).slice(0, 50);
}

function proofIn(request: Request): Readonly<Record<string, unknown>> {
  const proof = objectIn(request)?.["signature"];
  return typeof proof === "object" && proof !== null ? (proof as Readonly<Record<string, unknown>>) : {};
}

/** Before the event, as Mailgun has it. A body that is no object has no place for it. */
function placed(request: Request, proof: Readonly<Record<string, unknown>>): Request | undefined {
  const object = objectIn(request);
  if (object === undefined) return undefined;
  const { signature: _, ...rest } = object;
  const text = new TextDecoder().decode(request.body).trim();
  // Text, so that what JSON.parse would change (a number, a key twice) stays as it is.
  const kept = "signature" in object ? JSON.stringify(rest) : text;
  const more = kept.replace(/^[^{]*\{\s*/, "");
  return { ...request, body: utf8(`{"signature":${JSON.stringify(proof)}${more.startsWith("}") ? "" : ","}${more}`) };
}

function writeProof(request: Request, changed: Changed): Request {
  const proof = Object.fromEntries(
    Object.entries({ ...proofIn(request), ...changed }).filter(([, value]) => value !== undefined),
  );
  return placed(request, proof) ?? request;
}

async function otherwise(signed: Request): Promise<readonly Variant[]> {
  const { timestamp = "", token = "", signature } = proofIn(signed) as Record<string, string>;
  const right = `${signature}`;
  const text = `${timestamp}${token}`;
  const mac = async (hash: Hash, key: string, data: string): Promise<string> => hex(await hmac(hash, key, data));
  const values: Readonly<Record<string, unknown>> = {
    "SHA-1": await mac("SHA-1", keys.ours, text),
    "SHA-512": await mac("SHA-512", keys.ours, text),
    "the API key": await mac("SHA-256", simulatorCredentials.mailgun.apiKey, text),
    "the token alone": await mac("SHA-256", keys.ours, token),
    "the time alone": await mac("SHA-256", keys.ours, timestamp),
    "the token before the time": await mac("SHA-256", keys.ours, `${token}${timestamp}`),
    "key and message exchanged": await mac("SHA-256", text, keys.ours),
    base64: base64(await hmac("SHA-256", keys.ours, text)),
    "upper case": right.toUpperCase(),
    "a prefix sha256=": `sha256=${right}`,
    "a list": [right],
    "an object": { signature: right },
    true: true,
    null: null,
    0: 0,
  };
  const variants: Variant[] = Object.entries(values).map(([what, value]) => ({
    what: `signature: ${what}`,
    request: placed(signed, { timestamp, token, signature: value })!,
  }));
  const proofs: Readonly<Record<string, object>> = {
    "the time as a float": { timestamp: Number(timestamp) + 0.5, token, signature },
    "the time as a list": { timestamp: [timestamp], token, signature },
    "the time with a space": { timestamp: ` ${timestamp}`, token, signature },
    "the time with a zero before": { timestamp: `0${timestamp}`, token, signature },
    "the time as hexadecimal": { timestamp: `0x${Number(timestamp).toString(16)}`, token, signature },
    "the time with an exponent": { timestamp: `${timestamp}e0`, token, signature },
    "the time as a number": { timestamp: Number(timestamp), token, signature },
    "the token as a list": { timestamp, token: [token], signature },
    "the token as a number": { timestamp, token: 7, signature },
    "an empty token": { timestamp, token: "", signature: await mac("SHA-256", keys.ours, timestamp) },
    "a token of 100 kB": {
      timestamp,
      token: "x".repeat(100_000),
      signature: await mac("SHA-256", keys.ours, timestamp + "x".repeat(100_000)),
    },
    "a token with a space": { timestamp, token: "a b", signature: await mac("SHA-256", keys.ours, `${timestamp}a b`) },
    "a digit moved to the token": {
      timestamp: timestamp.slice(0, -1),
      token: `${timestamp.at(-1)}${token}`,
      signature,
    },
    "another name of the signature": { timestamp, token, other: signature },
    "a parent's signature that is wrong": { timestamp, token, "parent-signature": right.replace(/^./, "f") + "0" },
  };
  for (const [what, proof] of Object.entries(proofs)) variants.push({ what, request: placed(signed, proof as never)! });
  const body = new TextDecoder().decode(signed.body);
  variants.push(
    {
      what: "the signature in another case",
      request: { ...signed, body: utf8(body.replace('"signature"', '"Signature"')) },
    },
    { what: "a list around all", request: { ...signed, body: utf8(`[${body}]`) } },
    {
      what: "the signature as a text",
      request: { ...signed, body: utf8(`{"signature":${JSON.stringify(JSON.stringify(proofIn(signed)))}}`) },
    },
    {
      what: "a wrong one, and the right one after it",
      request: { ...signed, body: utf8(body.replace("{", '{"signature":{"timestamp":"1"},')) },
    },
    {
      what: "the right one, and a wrong one after it",
      request: { ...signed, body: utf8(body.replace(/\}$/, ',"signature":{"timestamp":"1"}}')) },
    },
    { what: "inherited", request: { ...signed, body: utf8(`{"__proto__":${body}}`) } },
  );
  return variants;
}

export const receivers: readonly Receiver[] = [
  {
    name: "mailgun",
    provider: "mailgun",
    create: () => mailgunWebhook({ signingKey: keys.ours }),
    samples: [sample("mailgun", "delivered"), sample("mailgun", "failed-permanent-hard")],
    more: [sample("mailgun", "failed-permanent-hard"), sample("mailgun", "without-id")],
    readProof: (request) => proofIn(request) as Proof,
    writeProof,
    signature: "signature",
    async sign(request, at, tenant = "ours", timestamp = secondsOf(at)) {
      const token = await tokenFor(request);
      return placed(request, {
        timestamp,
        token,
        signature: hex(await hmac("SHA-256", keys[tenant], timestamp, token)),
      });
    },
    covered(request) {
      const { timestamp, token, signature } = proofIn(request);
      // A number and its text are the same time.
      return signature === undefined ? exactly(request.body) : JSON.stringify([String(timestamp), token]);
    },
    otherwise,
  },
];
