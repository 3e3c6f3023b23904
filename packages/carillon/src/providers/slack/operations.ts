import type { Address } from "../../channels/channel.ts";
import { slackChannel } from "../../channels/slack.ts";
import type { ProviderFailure } from "../../provider/contract.ts";
import { type Operation, operation } from "../../provider/operation.ts";
import { refused } from "../../provider/message.ts";
import type { SlackProvider } from "./provider.ts";
import { contentProblems } from "./request.ts";
import { readSlackAnswer } from "./response.ts";
import type { SlackContent } from "./wire.ts";

/** A message that a bot token posted. Incoming webhooks tell no id, so what they posted stays as it is. */
export interface SlackMessageReference {
  /** As the result of its send has it: `<id of the conversation>:<ts>`. */
  readonly providerMessageId: string;
}

/** What the message says from now on, whole: blocks that are left out are gone. */
export interface SlackMessageUpdate extends SlackMessageReference, SlackContent {}

interface Place {
  readonly channel: string;
  readonly ts: string;
}

function placeOf({ providerMessageId }: SlackMessageReference): Place | ProviderFailure {
  const [, channel, ts] = /^([CDG][A-Z0-9]+):(\d+\.\d+)$/.exec(providerMessageId) ?? [];
  return channel && ts
    ? { channel, ts }
    : refused("providerMessageId", "the id that sending with a bot token gave, such as C012AB3CD:1503435956.000247");
}

/** The conversation, by its own id: of a direct message that is `D...`, whatever user's id it was sent to. */
function addressesOf(place: Place | ProviderFailure): readonly Address[] {
  const id = "ok" in place ? "" : place.channel;
  return [{ key: id, label: id, secrets: [] }];
}

/**
 * Changes what a message says, for `notifier.call`.
 *
 * Errors: `invalid-message` for content or an id that cannot be; `rejected` with `providerCode` `message_not_found`,
 * `cant_update_message` or `edit_window_closed`.
 * Source: https://docs.slack.dev/reference/methods/chat.update (read 2026-11-23)
 */
export function updateSlackMessage(
  provider: SlackProvider,
  update: SlackMessageUpdate,
): Operation<SlackMessageReference> {
  const place = placeOf(update);
  return operation(provider, {
    addresses: () => addressesOf(place),
    buildRequest() {
      if ("ok" in place) return place;
      const { text, blocks } = update;
      const message = slackChannel.normalise({ channel: "slack", to: place.channel, text, blocks });
      if ("ok" in message) return message;
      const [problem] = contentProblems(message);
      if (problem) return refused(...problem);
      // Blocks that are not mentioned would stay.
      return provider.call("chat.update", { ...place, text, blocks: message.blocks });
    },
    readResponse(response) {
      const answer = readSlackAnswer(response);
      if (!answer.ok) return answer;
      const { ok, ...value } = answer;
      return { ok, value };
    },
  });
}

/**
 * Deletes a message, for `notifier.call`. `existed` is false where there was none any more, as after a deletion whose
 * answer was lost.
 *
 * Errors: `invalid-message` for an id that cannot be; `rejected` with `providerCode` `cant_delete_message` or
 * `compliance_exports_prevent_deletion`.
 * Source: https://docs.slack.dev/reference/methods/chat.delete (read 2026-11-23)
 */
export function deleteSlackMessage(
  provider: SlackProvider,
  message: SlackMessageReference,
): Operation<{ readonly existed: boolean }> {
  const place = placeOf(message);
  return operation<"slack", { readonly existed: boolean }>(provider, {
    addresses: () => addressesOf(place),
    buildRequest: () => ("ok" in place ? place : provider.call("chat.delete", place)),
    readResponse(response) {
      const answer = readSlackAnswer(response);
      if (answer.ok) return { ok: true, value: { existed: true } };
      return answer.providerCode === "message_not_found" ? { ok: true, value: { existed: false } } : answer;
    },
  });
}
