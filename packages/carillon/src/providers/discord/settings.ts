import type { ProviderSettings } from "../../provider/settings.ts";
import { discord } from "./provider.ts";
import { discordWebhook } from "./webhook.ts";

export const settings: ProviderSettings<"discord"> = {
  id: "discord",
  name: "Discord",
  channel: "discord",
  docs: "https://docs.discord.com/developers/resources/webhook",
  reports: [],
  send: {
    // Each message brings its credential along: a name for the lane is all that there is to say.
    required: ["DISCORD_ACCOUNT"],
    optional: ["DISCORD_BASE_URL"],
    create: (variables) =>
      discord({ account: variables["DISCORD_ACCOUNT"], baseUrl: variables["DISCORD_BASE_URL"] || undefined }),
  },
  receive: {
    required: [["DISCORD_WEBHOOK_PUBLIC_KEY"]],
    create: (variables) => discordWebhook({ publicKey: variables["DISCORD_WEBHOOK_PUBLIC_KEY"] ?? "" }),
  },
};
