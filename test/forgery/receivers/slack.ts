import { simulatorCredentials } from "@carillon/simulator";
import { slackWebhook } from "carillon/providers/slack";
import type { Receiver, Tenant, Variant } from "../receiver.ts";
import { inHeaders, sample } from "../receiver.ts";
import { exactly, headerOf, withHeaders } from "../request.ts";
import type { Request } from "../request.ts";
import { base64, fromHex, hex, hmac, secondsOf } from "../signing.ts";
import type { Bytes, Hash } from "../signing.ts";

const signature = "x-slack-signature";
const timestamp = "x-slack-request-timestamp";
const secrets: Readonly<Record<Tenant, string>> = {
  ours: simulatorCredentials.slack.signingSecret,
  theirs: "other-tenant-slack-signing-secret",
};

async function otherwise(signed: Request): Promise<readonly Variant[]> {
  const time = headerOf(signed, timestamp) ?? "";
  const right = headerOf(signed, signature)?.slice("v0=".length) ?? "";
  const variant = (what: string, value: string): Variant => ({
    what,
    request: withHeaders(signed, { [signature]: value }),
  });
  const mac = async (hash: Hash, key: string, ...data: readonly (Bytes | string)[]): Promise<string> =>
    `v0=${hex(await hmac(hash, key, ...data))}`;
  return [
    variant("SHA-1", await mac("SHA-1", secrets.ours, `v0:${time}:`, signed.body)),
    variant("SHA-512", await mac("SHA-512", secrets.ours, `v0:${time}:`, signed.body)),
    variant("the body alone", await mac("SHA-256", secrets.ours, signed.body)),
    variant("no version in the text", await mac("SHA-256", secrets.ours, `${time}:`, signed.body)),
    variant("v1 in the text", await mac("SHA-256", secrets.ours, `v1:${time}:`, signed.body)),
    variant("no time in the text", await mac("SHA-256", secrets.ours, "v0::", signed.body)),
    variant("dots in the text", await mac("SHA-256", secrets.ours, `v0.${time}.`, signed.body)),
    variant(
      "the bot's token as the key",
      await mac("SHA-256", simulatorCredentials.slack.token, `v0:${time}:`, signed.body),
    ),
    variant("in base64", `v0=${base64(fromHex(right))}`),
    variant("in upper case", `v0=${right.toUpperCase()}`),
    ...["v1=", "v2=", "V0=", "v0:", "v0", "", "v00=", "v0==", "sha256=", "v0= ", "none="].map((version) =>
      variant(`version "${version}"`, `${version}${right}`),
    ),
    variant("two, the first right", `v0=${right},v0=${"0".repeat(64)}`),
    variant("two, the second right", `v0=${"0".repeat(64)},v0=${right}`),
    variant("nothing after the version", "v0="),
  ];
}

export const receivers: readonly Receiver[] = [
  {
    name: "slack",
    provider: "slack",
    create: () => slackWebhook({ signingSecret: secrets.ours }),
    samples: [sample("slack", "metadata-posted"), sample("slack", "channel-archive")],
    more: [sample("slack", "click"), sample("slack", "app-rate-limited"), sample("slack", "reaction-added")],
    ...inHeaders([signature, timestamp]),
    signature,
    async sign(request, at, tenant = "ours", time = secondsOf(at)) {
      const mac = hex(await hmac("SHA-256", secrets[tenant], `v0:${time}:`, request.body));
      return withHeaders(request, { [timestamp]: time, [signature]: `v0=${mac}` });
    },
    covered: (request) => `${headerOf(request, timestamp)}:${exactly(request.body)}`,
    otherwise,
  },
];
