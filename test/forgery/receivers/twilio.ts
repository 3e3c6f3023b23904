import { simulatorCredentials } from "@carillon/simulator";
import { twilioWebhook } from "carillon/providers/twilio";
import type { Receiver, Tenant, Variant } from "../receiver.ts";
import { inHeaders, sample } from "../receiver.ts";
import { exactly, headerOf, withHeaders } from "../request.ts";
import type { Request } from "../request.ts";
import { base64, digest, hex, hmac, utf8 } from "../signing.ts";

const tokens: Readonly<Record<Tenant, string>> = {
  ours: simulatorCredentials.twilio.authToken,
  theirs: "other-tenant-twilio-auth-token",
};
const signature = "x-twilio-signature";

const isHashed = (request: Request): boolean => /[?&]bodySHA256=/.test(request.url);

/** Names and values one after the other, sorted by name; a pair that is there twice counts once. */
function fieldsOf({ body }: Request): string {
  const pairs = [...new URLSearchParams(new TextDecoder().decode(body))];
  const once = new Map(pairs.map((pair) => [JSON.stringify(pair), pair]));
  return [...once.values()]
    .sort(([a, x], [b, y]) => (a < b || (a === b && x < y) ? -1 : 1))
    .flat()
    .join("");
}

/** The parameter that Twilio puts into the URL of what is no form. */
async function withHash(request: Request): Promise<Request> {
  if (!isHashed(request)) return request;
  const hash = hex(await digest("SHA-256", request.body));
  return { ...request, url: request.url.replace(/bodySHA256=[^&#]*/, `bodySHA256=${hash}`) };
}

async function sign(request: Request, _: Date, tenant: Tenant = "ours"): Promise<Request> {
  const called = await withHash(request);
  const text = called.url + (isHashed(called) ? "" : fieldsOf(called));
  return withHeaders(called, { [signature]: base64(await hmac("SHA-1", tokens[tenant], text)) });
}

async function otherwise(signed: Request): Promise<readonly Variant[]> {
  const fields = isHashed(signed) ? "" : fieldsOf(signed);
  const { url } = signed;
  const { host } = new URL(url);
  const right = headerOf(signed, signature) ?? "";
  const mac = async (
    what: string,
    hash: "SHA-1" | "SHA-256" | "SHA-512",
    key: string,
    text: string,
  ): Promise<Variant> => ({
    what,
    request: withHeaders(signed, { [signature]: base64(await hmac(hash, key, text)) }),
  });
  const at = (what: string, url: string): Variant => ({ what, request: { ...signed, url } });
  const target = url.slice(url.indexOf(host) + host.length);
  return [
    await mac("SHA-256", "SHA-256", tokens.ours, url + fields),
    await mac("SHA-512", "SHA-512", tokens.ours, url + fields),
    await mac("the URL alone", "SHA-1", tokens.ours, `${url}#`),
    await mac("fields alone", "SHA-1", tokens.ours, fields),
    await mac("path and fields", "SHA-1", tokens.ours, target + fields),
    await mac("fields before the URL", "SHA-1", tokens.ours, `${fields} ${url}`),
    await mac("the account's id as the key", "SHA-1", simulatorCredentials.twilio.accountSid, url + fields),
    await mac("the URL without its query", "SHA-1", tokens.ours, url.replace(/\?.*/, "") + fields),
    await mac("http instead of https", "SHA-1", tokens.ours, url.replace("https:", "http:") + fields),
    await mac("another host", "SHA-1", tokens.ours, url.replace(host, "evil.example") + fields),
    await mac("a port of one's own", "SHA-1", tokens.ours, url.replace(host, `${host}:8443`) + fields),
    await mac("the scheme's port", "SHA-1", tokens.ours, url.replace(host, `${host}:443`) + fields),
    await mac("the other scheme's port", "SHA-1", tokens.ours, url.replace(host, `${host}:80`) + fields),
    { what: "in hexadecimal", request: withHeaders(signed, { [signature]: hex(utf8(right)) }) },
    at("another host is called", url.replace(host, "evil.example")),
    at("another path is called", url.replace("/v1/", "/v2/")),
    at("another scheme is called", url.replace("https:", "http:")),
    at("another parameter is there", `${url}&a=b`),
    at(
      "a parameter is there twice",
      url.replace("carillon_message_id=", "carillon_message_id=msg_other&carillon_message_id="),
    ),
    at("a parameter is changed", url.replace("msg_0001", "msg_0002")),
    at("a parameter is taken away", url.replace("carillon_message_id=msg_0001", "")),
    at("the hash is taken away", url.replace(/&?bodySHA256=[^&]*/, "&")),
    at("a hash is put in", `${url}${url.includes("?") ? "&" : "?"}bodySHA256=${"0".repeat(64)}`),
    at("the hash of this body is put in", `${url}&bodySHA256=${hex(await digest("SHA-256", signed.body))}`),
    at(
      "the hash is there twice",
      url.replace("bodySHA256=", `bodySHA256=${hex(await digest("SHA-256", utf8("x")))}&bodySHA256=`),
    ),
    at(
      "the hash is in upper case",
      url.replace(/bodySHA256=[^&]*/, (text) => text.toUpperCase()),
    ),
    at("with user-info", url.replace("https://", "https://a:b@")),
    at("with a fragment", `${url}#x`),
    at("with a dot more", url.replace(host, `${host}.`)),
  ].filter(({ request }) => request.url !== signed.url || headerOf(request, signature) !== right);
}

function receiver(name: string, samples: Receiver["samples"]): Receiver {
  return {
    name,
    provider: "twilio",
    create: () => twilioWebhook({ authToken: tokens.ours }),
    samples,
    ...inHeaders([signature]),
    signature,
    sign,
    // What the parser of a URL leaves out is the same URL.
    covered: (request) => {
      const url = URL.canParse(request.url) ? new URL(request.url).href.replace(/#.*$/, "") : request.url;
      return url + (isHashed(request) ? exactly(request.body) : fieldsOf(request));
    },
    otherwise,
  };
}

const json = sample("twilio", "json-body");
const otherJson: Request = {
  ...json,
  body: utf8(new TextDecoder().decode(json.body).replace("undelivered", "delivered").replace("30005", "0")),
};

export const receivers: readonly Receiver[] = [
  receiver("twilio (form)", [sample("twilio", "delivered"), sample("twilio", "undelivered-30005")]),
  receiver("twilio (json)", [json, otherJson]),
];
