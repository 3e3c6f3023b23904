import type { AcceptedMessage } from "../message.ts";
import { outcomeOf, type SimulatedEventType } from "../outcome.ts";
import type { Route } from "../route.ts";
import type { WebhookSettings } from "../settings.ts";
import type { NewWebhook } from "../store/store.ts";

/** Between two events of one message, so that undisturbed deliveries keep their order. */
const stepMs = 10;

interface PlanInput {
  readonly route: Route;
  readonly messages: readonly AcceptedMessage[];
  readonly receivedAtMs: number;
  readonly settings: WebhookSettings;
  /** Base URL of the receiver; absent: nobody is told. */
  readonly target: string | undefined;
  /** From 0 up to 1. */
  readonly random: () => number;
}

/** Every event that the messages of one request will cause, by message, with the time when it is delivered. */
export function planWebhooks(input: PlanInput): NewWebhook[][] {
  const planned = input.messages.map((message) => {
    const startMs = Math.max(input.receivedAtMs, message.sendAtMs ?? 0);
    const events = message.recipients.flatMap((recipient) => {
      const outcome = (message.outcome ?? outcomeOf(recipient)).map((type, step) => ({
        type,
        atMs: startMs + step * stepMs,
      }));
      const scheduled = { type: "scheduled" as const, atMs: input.receivedAtMs };
      return (startMs > input.receivedAtMs ? [scheduled, ...outcome] : outcome).flatMap((step) =>
        planWebhook(input, message, recipient, step.type, step.atMs),
      );
    });
    return events.sort((a, b) => a.dueAtMs - b.dueAtMs);
  });
  if (input.settings.shuffle) shuffleDueTimes(planned, input.random);
  if (!input.settings.duplicate) return planned;
  return planned.map((webhooks) => [
    ...webhooks,
    ...webhooks.map((webhook) => ({ ...webhook, dueAtMs: webhook.dueAtMs + stepMs })),
  ]);
}

function planWebhook(
  { route, receivedAtMs, settings, target }: Omit<PlanInput, "messages" | "random">,
  message: AcceptedMessage,
  recipient: string,
  type: SimulatedEventType,
  atMs: number,
): NewWebhook[] {
  const dueAtMs = atMs + settings.delayMs;
  const planned = plan({ route, target, atMs, dueAtMs }, { ...message, receivedAtMs }, recipient, type);
  return planned ? [planned] : [];
}

interface EventInput extends Pick<PlanInput, "route" | "target"> {
  readonly atMs: number;
  readonly dueAtMs: number;
}

/** Undefined when the provider has no such event. */
function plan(
  { route, target, atMs, dueAtMs }: EventInput,
  message: AcceptedMessage & { readonly receivedAtMs: number },
  recipient: string,
  type: SimulatedEventType,
): NewWebhook | undefined {
  if (!route.webhook) return undefined;
  const event = { id: route.webhook.newEventId(), type, recipient, atMs };
  const payload = route.webhook.payload(event, message);
  if (payload === undefined) return undefined;
  if (target === undefined) return { event, payload, state: "no-target", dueAtMs };
  return { event, payload, state: "waiting", dueAtMs, url: webhookUrl(target, message) };
}

/** Undefined for the usual address. A message may name another one at the receiver; strangers are never called. */
function webhookUrl(target: string, { webhookUrl: named }: AcceptedMessage): string | undefined {
  if (named === undefined || !URL.canParse(named)) return undefined;
  const url = new URL(named);
  return url.origin === new URL(target).origin ? url.href : undefined;
}

/** Deals the due times of all events out anew. When there are two or more, the order is never the one that they happened in. */
function shuffleDueTimes(planned: NewWebhook[][], random: () => number): void {
  const order = planned.flatMap((webhooks, message) => webhooks.map((_, index) => ({ message, index })));
  // Times that differ: equal ones would fall back to the order of the events.
  const first = Math.min(...planned.flat().map((webhook) => webhook.dueAtMs));
  const times = order.map((_, index) => first + index * stepMs);
  const dealt = times.slice();
  for (let index = dealt.length - 1; index > 0; index -= 1) {
    const other = Math.floor(random() * (index + 1));
    [dealt[index], dealt[other]] = [dealt[other] ?? 0, dealt[index] ?? 0];
  }
  if (dealt.every((time, index) => time === times[index])) dealt.reverse();
  for (const [position, { message, index }] of order.entries()) {
    const webhooks = planned[message];
    const webhook = webhooks?.[index];
    if (webhooks && webhook) webhooks[index] = { ...webhook, dueAtMs: dealt[position] ?? webhook.dueAtMs };
  }
}

/** One event now, outside the plan: a late bounce, say. Undefined when the provider has no such event. */
export function planOne(
  { nowMs, ...input }: Pick<PlanInput, "route" | "target"> & { readonly nowMs: number },
  message: AcceptedMessage & { readonly receivedAtMs: number },
  recipient: string,
  type: SimulatedEventType,
): NewWebhook | undefined {
  return plan({ ...input, atMs: nowMs, dueAtMs: nowMs }, message, recipient, type);
}
