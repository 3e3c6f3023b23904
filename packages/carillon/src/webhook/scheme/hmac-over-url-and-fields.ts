import { fromBase64, toHex, utf8 } from "../../crypto/bytes.ts";
import { sha256 } from "../../crypto/hash.ts";
import { verifyHmac } from "../../crypto/hmac.ts";
import { ConfigurationError } from "../../error/errors.ts";
import type { RawWebhook, SignatureScheme } from "../../provider/webhook.ts";
import { isSigned } from "./signed.ts";

export interface HmacOverUrlAndFieldsOptions {
  /** Several while they rotate. */
  readonly secrets: readonly string[];
  /** Holds the signature in base64. Lower case. */
  readonly signatureHeader: string;
  /**
   * Where the provider calls, when that is not where the request arrives: behind a proxy, say. The query is always the
   * request's. An origin alone keeps the request's path, too.
   */
  readonly publicUrl?: string | undefined;
  /** In the URL's query, when the body is no form: the SHA-256 of the body, in hexadecimal. */
  readonly bodyHashParameter: string;
}

/** A form has some twenty fields, the longest a text of 1,600 characters; who sends more than this wants it sorted. */
const maxFormBytes = 65_536;

/**
 * HMAC-SHA1 over the URL as the provider calls it, directly followed by name and value of each field of the form, sorted by
 * name; a value said twice is taken once. With the body's hash in the URL, over the URL alone.
 *
 * Nothing stands between names and values, so that the same signature holds where a letter moved from one to the other.
 * There is no time in it either: what tells repetitions apart is the event's id.
 *
 * Errors: throws `ConfigurationError` for a list without secrets, or a blank one.
 */
export function hmacOverUrlAndFieldsScheme(options: HmacOverUrlAndFieldsOptions): SignatureScheme {
  const { secrets, signatureHeader, publicUrl, bodyHashParameter } = options;
  if (secrets.length === 0 || !secrets.every((secret) => /\S/.test(secret))) {
    throw new ConfigurationError("Webhook", ['"secrets" must not be blank']);
  }
  const keys = secrets.map(utf8);
  return {
    kind: "hmac",
    covers: "fields",
    headers: [signatureHeader],
    async verify({ headers, url, body }, { crypto: sync }) {
      const signature = fromBase64(`${headers.get(signatureHeader)}`);
      const called = calledUrl(url, publicUrl);
      if (!signature || !URL.canParse(called)) return false;
      const hash = new URL(called).searchParams.get(bodyHashParameter);
      if (hash === null ? body.length > maxFormBytes : hash !== toHex(await (sync?.sha256(body) ?? sha256(body))))
        return false;
      const fields = hash === null ? sortedFields(body) : "";
      for (const spelling of spellings(called)) {
        const signed = utf8(spelling + fields);
        if (await isSigned((...given) => verifyHmac("SHA-1", ...given), keys, [signature], signed, sync)) return true;
      }
      return false;
    },
  };
}

/** The fields of a form, in the order in which they came; of what is no UTF-8, what can be read. */
export function formFields(body: RawWebhook["body"]): URLSearchParams {
  return new URLSearchParams(new TextDecoder().decode(body));
}

function sortedFields(body: RawWebhook["body"]): string {
  const byName = new Map<string, Set<string>>();
  for (const [name, value] of formFields(body)) byName.set(name, (byName.get(name) ?? new Set()).add(value));
  // By code units, as the provider sorts.
  const names = [...byName.keys()].sort();
  return names.flatMap((name) => [...(byName.get(name) ?? [])].sort().map((value) => name + value)).join("");
}

function calledUrl(url: string, publicUrl = url): string {
  const parts = /^([^:/?#]+:\/\/[^/?#]*)?([^?#]*)(\?[^#]*)?/;
  const [, , path = "", query = ""] = parts.exec(url) ?? [];
  const [, origin = "", publicPath] = parts.exec(publicUrl) ?? [];
  return origin + (publicPath || path) + query;
}

/** As it is and as a URL parser leaves it, each without a port and with one: its own, or else the scheme's. */
function spellings(url: string): ReadonlySet<string> {
  const parts = /^(https?:\/\/(?:[^/?#]*@)?(?:\[[^\]]*\]|[^:/?#]*))(:\d*)?(.*)/is;
  return new Set(
    [url, new URL(url).href].flatMap((each) => {
      const [, before = "", port = "", rest = ""] = parts.exec(each) ?? [];
      return [before + rest, before + (port || (/^https/i.test(each) ? ":443" : ":80")) + rest];
    }),
  );
}
