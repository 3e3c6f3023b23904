import { discordChannel, type DiscordMessage } from "../../channels/discord.ts";
import type { Provider } from "../../provider/contract.ts";
import { operation, type Operation } from "../../provider/operation.ts";
import { type DiscordMessageReference, readReference } from "./edit.ts";
import { callDiscordWebhook } from "./execute.ts";
import { readFailure } from "./response.ts";

export interface DiscordDeletion extends DiscordMessageReference {}

export interface DiscordDeletionResult {
  /** False where the message was already gone: deleted by hand, or by an earlier try whose answer was lost. */
  readonly wasThere: boolean;
}

/**
 * Deletes a message of a webhook, for `notifier.call`.
 *
 * Source: https://docs.discord.com/developers/resources/webhook#delete-webhook-message (read 2026-11-23)
 */
export function deleteDiscordMessage(
  provider: Provider<"discord">,
  { to, messageId }: DiscordDeletion,
): Operation<DiscordDeletionResult> {
  return operation<"discord", DiscordDeletionResult>(provider, {
    addresses: () => discordChannel.addresses({ to } as DiscordMessage),
    buildRequest() {
      const message = readReference(messageId, { to, text: "-" });
      return "ok" in message ? message : callDiscordWebhook({ method: "DELETE", to: message.to, messageId });
    },
    readResponse(response) {
      if (response.status === 204) return { ok: true, value: { wasThere: true } };
      const failure = readFailure(response);
      return failure.providerCode === "10008" ? { ok: true, value: { wasThere: false } } : failure;
    },
  });
}
