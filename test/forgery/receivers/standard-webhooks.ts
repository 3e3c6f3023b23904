import { simulatorCredentials } from "@carillon/simulator";
import { resendWebhook } from "carillon/providers/resend";
import type { Receiver, Tenant, Variant } from "../receiver.ts";
import { inHeaders, sample } from "../receiver.ts";
import { exactly, headerOf, withHeaders } from "../request.ts";
import type { Request } from "../request.ts";
import { base64, fromBase64, hmac, secondsOf, utf8 } from "../signing.ts";
import type { Bytes, Hash } from "../signing.ts";

const secrets: Readonly<Record<Tenant, string>> = {
  ours: simulatorCredentials.resend.webhookSecret,
  theirs: "whsec_b3RoZXItdGVuYW50LXN0YW5kYXJkLXNlY3JldA==",
};

/** Standard Webhooks: an HMAC over id, time and body. */
export function standardReceiver(
  given: Pick<Receiver, "name" | "provider" | "samples" | "more"> & {
    readonly prefix: string;
    create(secret: string): ReturnType<Receiver["create"]>;
  },
): Receiver {
  const { prefix, create, ...rest } = given;
  const [id, timestamp, signature] = [`${prefix}id`, `${prefix}timestamp`, `${prefix}signature`];
  const keyOf = (tenant: Tenant): Bytes => fromBase64(secrets[tenant].slice("whsec_".length));
  const idOf = (request: Request): string => headerOf(request, id) ?? "msg_2aBcDeFgHiJkLmNoPqRsTu";

  async function otherwise(signed: Request): Promise<readonly Variant[]> {
    const time = headerOf(signed, timestamp) ?? "";
    const variant = (what: string, value: string): Variant => ({
      what,
      request: withHeaders(signed, { [signature]: value }),
    });
    const mac = async (hash: Hash, key: Bytes | string, ...parts: readonly (Bytes | string)[]): Promise<string> =>
      base64(await hmac(hash, key, ...parts));
    const head = `${idOf(signed)}.${time}.`;
    const right = headerOf(signed, signature)?.slice("v1,".length) ?? "";
    return [
      variant("SHA-1", `v1,${await mac("SHA-1", keyOf("ours"), head, signed.body)}`),
      variant("SHA-512", `v1,${await mac("SHA-512", keyOf("ours"), head, signed.body)}`),
      variant("the secret's text as the key", `v1,${await mac("SHA-256", secrets.ours, head, signed.body)}`),
      variant(
        "the text without its prefix as the key",
        `v1,${await mac("SHA-256", secrets.ours.slice("whsec_".length), head, signed.body)}`,
      ),
      variant("a key of zeros", `v1,${await mac("SHA-256", new Uint8Array(32), head, signed.body)}`),
      variant("the body alone", `v1,${await mac("SHA-256", keyOf("ours"), signed.body)}`),
      variant("no id", `v1,${await mac("SHA-256", keyOf("ours"), `${time}.`, signed.body)}`),
      variant("no time", `v1,${await mac("SHA-256", keyOf("ours"), `${idOf(signed)}.`, signed.body)}`),
      variant("commas for dots", `v1,${await mac("SHA-256", keyOf("ours"), head.replaceAll(".", ","), signed.body)}`),
      ...["v0", "v2", "v1a", "v10", "v", "V1", "", "none", "v1,v1", "HS256"].map((version) =>
        variant(`version ${version}`, `${version},${right}`),
      ),
      variant("no version", right),
      variant("nothing after the version", "v1,"),
      variant("a version with =", `v1=${right}`),
      variant(
        "a thousand wrong ones",
        Array.from({ length: 1000 }, () => `v1,${base64(utf8("x".repeat(32)))}`).join(" "),
      ),
      variant("the right one after ten wrong ones", `${`v1,${base64(utf8("x".repeat(32)))} `.repeat(10)}v1,${right}`),
    ];
  }

  return {
    ...rest,
    create: () => create(secrets.ours),
    ...inHeaders([id, timestamp, signature]),
    signature,
    async sign(request, at, tenant = "ours", time = secondsOf(at)) {
      const value = `v1,${base64(await hmac("SHA-256", keyOf(tenant), `${idOf(request)}.${time}.`, request.body))}`;
      return withHeaders(request, { [id]: idOf(request), [timestamp]: time, [signature]: value });
    },
    covered: (request) => `${idOf(request)}.${headerOf(request, timestamp)}.${exactly(request.body)}`,
    otherwise,
  };
}

export const receivers: readonly Receiver[] = [
  standardReceiver({
    name: "resend",
    provider: "resend",
    prefix: "svix-",
    create: (secret) => resendWebhook({ secret }),
    samples: [sample("resend", "delivered"), sample("resend", "bounced-permanent")],
    more: [sample("resend", "bounced-permanent"), sample("resend", "failed"), sample("resend", "suppressed")],
  }),
];
