import { simulatorCredentials } from "@carillon/simulator";
import { postmarkWebhook } from "carillon/providers/postmark";
import type { Receiver, Tenant, Variant } from "../receiver.ts";
import { inHeaders, sample } from "../receiver.ts";
import { headerOf, withHeaders } from "../request.ts";
import type { Request } from "../request.ts";
import { base64, base64Url, hex, utf8 } from "../signing.ts";

const { webhookUsername: username, webhookPassword: password } = simulatorCredentials.postmark;
const samples: Receiver["samples"] = [sample("postmark", "delivery"), sample("postmark", "bounce-hard-bounce")];

async function otherwise(signed: Request): Promise<readonly Variant[]> {
  const pair = `${username}:${password}`;
  const credential = base64(utf8(pair));
  const values: Readonly<Record<string, string>> = {
    Bearer: `Bearer ${credential}`,
    Digest: `Digest username="${username}", response="${password}"`,
    "no scheme": credential,
    "the scheme in lower case": `basic ${credential}`,
    "the pair in plain text": `Basic ${pair}`,
    "the pair in hexadecimal": `Basic ${hex(utf8(pair))}`,
    "the pair in base64url without padding": `Basic ${base64Url(utf8(pair))}.`,
    "no username": `Basic ${base64(utf8(`:${password}`))}`,
    "no password": `Basic ${base64(utf8(`${username}:`))}`,
    "no pair": `Basic ${base64(utf8(":"))}`,
    nothing: "Basic",
    "a null byte after it": `Basic ${base64(utf8(`${pair}\0`))}`,
    "a line break after it": `Basic ${base64(utf8(`${pair}\n`))}`,
    "a space before it": `Basic ${base64(utf8(` ${pair}`))}`,
    "another name": `Basic ${base64(utf8(`${username}x:${password}`))}`,
    "name and password exchanged": `Basic ${base64(utf8(`${password}:${username}`))}`,
    "the pattern .*": `Basic ${base64(utf8(".*:.*"))}`,
    "in UTF-16": `Basic ${base64(Uint8Array.from([...pair].flatMap((character) => [character.charCodeAt(0), 0])))}`,
    twice: `Basic ${credential}, Basic ${credential}`,
    "twice, one wrong": `Basic ${base64(utf8("a:b"))}, Basic ${credential}`,
    "two spaces": `Basic  ${credential}`,
  };
  return Object.entries(values).map(([what, authorization]) => ({
    what,
    request: withHeaders(signed, { authorization }),
  }));
}

export const receivers: readonly Receiver[] = [
  {
    name: "postmark",
    provider: "postmark",
    create: () => postmarkWebhook({ username, password }),
    samples,
    more: [samples[1], sample("postmark", "click"), sample("postmark", "subscription-change-unsubscribed")],
    ...inHeaders(["authorization"]),
    signature: "authorization",
    async sign(request, _, tenant: Tenant = "ours") {
      const pair = tenant === "ours" ? `${username}:${password}` : `${username}:other-tenant-password`;
      return withHeaders(request, { authorization: `Basic ${base64(utf8(pair))}` });
    },
    covered: (request) => `${headerOf(request, "authorization")}`,
    otherwise,
  },
];
