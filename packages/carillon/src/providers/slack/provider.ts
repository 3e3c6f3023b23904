import { slackChannel } from "../../channels/slack.ts";
import type { Provider, ProviderFailure } from "../../provider/contract.ts";
import { checkOptions } from "../../provider/options.ts";
import type { OutboundRequest } from "../../provider/request.ts";
import { factoryRules, type SlackOptions } from "./options.ts";
import { callSlack, postSlackMessage } from "./request.ts";
import { readSlackResponse } from "./response.ts";

export interface SlackProvider extends Provider<"slack"> {
  /**
   * A request to a method of the Web API, with the token, for operations: `chat.update`.
   *
   * Errors: `unauthorized` where there is no token.
   */
  call(method: string, payload: object): Promise<OutboundRequest | ProviderFailure>;
}

/**
 * Sends to Slack: to channels and users with a bot token, and to incoming webhooks with or without one. Slack has no
 * idempotency key, so a send whose answer is lost stays unknown.
 *
 * Errors: throws `ConfigurationError` for options that cannot work.
 *
 * @example
 * createNotifier({ slack: [slack({ token })] });
 */
export function slack(options: SlackOptions = {}): SlackProvider {
  checkOptions("slack", options, {}, factoryRules);
  const { token, account = "default", baseUrl } = options;
  return {
    id: "slack",
    account,
    channel: slackChannel,
    baseUrl,
    // https://docs.slack.dev/apis/web-api/rate-limits (read 2026-11-23): one a second to a channel, or by a webhook
    rate: { per: "recipient", perSecond: 1, burst: 1 },
    scope: "recipient",
    buildRequest: (message, context) => postSlackMessage(message, context, token),
    readResponse: readSlackResponse,
    call: (method, payload) => callSlack(method, payload, token),
  };
}
