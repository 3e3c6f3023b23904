import { describeProvider, describeWebhook, type WebhookKey } from "@carillon/testing";
import { concatBytes, fromHex, toHex, utf8 } from "../../crypto/bytes.ts";
import { discord, discordWebhook, settings } from "./index.ts";

/** RFC 8032 section 7.1, TEST 1 and TEST 2. */
const first = {
  seed: "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
  publicKey: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
};
const second = {
  seed: "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
  publicKey: "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
};

/** The beginning of a PKCS #8 of Ed25519 (RFC 8410 section 7), before the 32 bytes of the seed. */
const pkcs8Prefix = "302e020100300506032b657004220420";

function ed25519Key({ seed, publicKey }: typeof first): WebhookKey<string> {
  return {
    option: publicKey,
    covers: "body",
    signatureHeader: "x-signature-ed25519",
    async sign({ body }, at) {
      const pkcs8 = fromHex(pkcs8Prefix + seed)!;
      const key = await crypto.subtle.importKey("pkcs8", pkcs8, { name: "Ed25519" }, false, ["sign"]);
      const timestamp = String(Math.floor(at.getTime() / 1000));
      const signature = await crypto.subtle.sign({ name: "Ed25519" }, key, concatBytes(utf8(timestamp), body));
      return { "x-signature-ed25519": toHex(new Uint8Array(signature)), "x-signature-timestamp": timestamp };
    },
  };
}

describeProvider({
  create: () => discord(),
  secrets: ["3d89bb7572e0fb30d8128367b3b1b44fecd1726de135cbe28a41f8b2f777c372"],
  settings,
  variables: { DISCORD_ACCOUNT: "announcements", DISCORD_WEBHOOK_PUBLIC_KEY: first.publicKey },
  carriesMessageId: false,
  fixtures: import.meta.glob<string>("./fixtures/{send,batch}/**", { query: "?raw", import: "default", eager: true }),
});

describeWebhook({
  create: (publicKey) => discordWebhook({ publicKey }),
  keys: [ed25519Key(first), ed25519Key(second)],
  fixtures: import.meta.glob<string>("./fixtures/webhook/**", { query: "?raw", import: "default", eager: true }),
});
