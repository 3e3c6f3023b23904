import { simulatorCredentials } from "../../packages/simulator/src/credentials.ts";
import { subscribe } from "../../packages/simulator/src/push/fake-browser.ts";
import type { Fault, NotificationRequest } from "./api.ts";
import * as content from "./demonstrated-content.ts";

/** A message of the demonstration, and what should become of it. */
export interface Demonstrated extends Pick<NotificationRequest, "channel" | "content" | "category"> {
  readonly title: string;
  /** As the channel spells it. */
  readonly to: unknown;
  /** The address as it is shown: some are objects, and some are secrets. */
  readonly shown: string;
  readonly expected: {
    readonly status: string;
    /** Who is asked to carry it, in order; each once, however many times it is tried. */
    readonly providers: readonly string[];
  };
  /** Set up in the simulator first. */
  readonly fault?: Fault;
  /** Gets its address suppressed. */
  readonly suppresses?: true;
  /** Its recipient leaves the list, as a mail program does it in one click (RFC 8058). */
  readonly unsubscribes?: true;
}

/** Tries on one provider before the next is asked. */
const triesPerProvider = 3;

/** The demonstration: `run` makes its addresses new. What stands at the beginning of an address decides what happens. */
export async function demonstratedMessages(run: string): Promise<readonly Demonstrated[]> {
  const gone = `bounced+${run}@simulator.test`;
  const failover = `delivered+failover-${run}@simulator.test`;
  const browser = await subscribe({ name: `delivered-${run}` });
  const reader = `delivered+reader-${run}@simulator.test`;
  const { webhookUrl } = simulatorCredentials.discord;
  return [
    {
      title: "An email, delivered",
      channel: "email",
      ...spelled(`delivered+${run}@simulator.test`),
      content: content.receipt,
      expected: { status: "delivered", providers: ["resend"] },
    },
    {
      title: "Bounced, so its address is suppressed",
      channel: "email",
      ...spelled(gone),
      content: content.invitation,
      suppresses: true,
      expected: { status: "bounced", providers: ["resend"] },
    },
    {
      title: "To that address again: nobody is asked to carry it",
      channel: "email",
      ...spelled(gone),
      content: content.reminder,
      expected: { status: "suppressed", providers: [] },
    },
    {
      title: "To a real address: the guard keeps it",
      channel: "email",
      ...spelled("ada@example.com"),
      content: content.newsletter,
      expected: { status: "captured", providers: [] },
    },
    {
      title: "Resend answers 503, so Postmark takes over",
      channel: "email",
      ...spelled(failover),
      content: content.signIn,
      fault: { kind: "unavailable", provider: "resend", recipient: failover, times: triesPerProvider },
      expected: { status: "delivered", providers: ["resend", "postmark"] },
    },
    {
      title: "A newsletter, which its reader leaves with one click",
      channel: "email",
      ...spelled(reader),
      category: "marketing",
      content: content.newsletter,
      unsubscribes: true,
      expected: { status: "delivered", providers: ["resend"] },
    },
    {
      title: "The next newsletter: nobody is asked to carry it",
      channel: "email",
      ...spelled(reader),
      category: "marketing",
      content: content.nextNewsletter,
      expected: { status: "suppressed", providers: [] },
    },
    {
      title: "A receipt still comes to that address",
      channel: "email",
      ...spelled(reader),
      content: content.receipt,
      expected: { status: "delivered", providers: ["resend"] },
    },
    {
      title: "A text message in two segments, delivered",
      channel: "sms",
      ...spelled("+15005550010"),
      content: content.text,
      expected: { status: "delivered", providers: ["twilio"] },
    },
    {
      title: "Blocks in a Slack channel",
      channel: "slack",
      ...spelled("C0FOUNDRY"),
      content: content.blocks,
      expected: { status: "delivered", providers: ["slack"] },
    },
    {
      title: "An embed in a Discord channel",
      channel: "discord",
      to: { webhookUrl },
      shown: "a webhook's URL",
      content: content.embed,
      expected: { status: "sent", providers: ["discord"] },
    },
    {
      title: "A web push, encrypted for one browser",
      channel: "webpush",
      to: browser,
      shown: "a browser's subscription",
      content: content.push,
      expected: { status: "sent", providers: ["webpush"] },
    },
    {
      title: "A phone's notification",
      channel: "fcm",
      to: { token: `delivered-${run}` },
      shown: `token delivered-${run}`,
      content: content.notification,
      expected: { status: "sent", providers: ["fcm"] },
    },
  ];
}

function spelled(to: string): Pick<Demonstrated, "to" | "shown"> {
  return { to, shown: to };
}
