import { discordChannel } from "../../channels/discord.ts";
import type { Provider } from "../../provider/contract.ts";
import { accountRules, checkOptions } from "../../provider/options.ts";
import type { DiscordOptions } from "./options.ts";
import { buildDiscordRequest } from "./request.ts";
import { readDiscordMessage } from "./response.ts";

/**
 * Posts to Discord through channels' webhooks. They have no idempotency key, so a send whose answer is lost stays unknown.
 *
 * Errors: throws `ConfigurationError` for options that cannot work.
 *
 * @example
 * createNotifier({ discord: [discord()] });
 */
export function discord(options: DiscordOptions = {}): Provider<"discord"> {
  checkOptions("discord", options, {}, accountRules);
  const { account = "default", baseUrl } = options;
  return {
    id: "discord",
    account,
    channel: discordChannel,
    baseUrl,
    // Without an Authorization header the global limit is that of the IP address; each webhook's own is told in answers.
    // https://docs.discord.com/developers/topics/rate-limits#global-rate-limit (read 2026-11-23)
    rate: { per: "request", perSecond: 50, burst: 50 },
    scope: "recipient",
    buildRequest: buildDiscordRequest,
    readResponse: readDiscordMessage,
  };
}
