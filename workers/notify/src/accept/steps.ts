import type { ChannelId, ProviderSettings } from "carillon";
import type { RouteStep } from "../dispatch/escalate.ts";
import { milestones } from "../dispatch/escalate.ts";
import { lanesFor } from "../dispatch/lanes.ts";
import type { FieldError } from "../problem.ts";
import type { Settings } from "../settings.ts";
import type { Reject } from "./expand.ts";
import { canonical } from "./idempotency.ts";
import type { NotificationRequest } from "./request.ts";
import { channelIds, maxParts } from "./route-request.ts";
import type { RouteRequest, StepRequest } from "./route-request.ts";

/** One channel of one step. */
export interface PartRequest {
  readonly channel: ChannelId;
  readonly content: Readonly<Record<string, unknown>>;
  readonly providers: readonly string[] | undefined;
  /** Where it stands in the request, and where its content does. */
  readonly path: string;
  readonly contentPath: string;
}

type Content = Readonly<Record<string, unknown>>;
type Via = Pick<StepRequest, "channel" | "content" | "providers">;

/** The steps of a route, and what each sends; what is wrong with them is told to `reject`. */
export function readSteps(
  { route, content: shared = {} }: NotificationRequest & { readonly route: RouteRequest },
  settings: Settings,
  reject: Reject,
): {
  readonly steps: readonly RouteStep[];
  readonly parts: readonly PartRequest[];
  /** What can be met by its channels, and not in this deployment. */
  readonly notices: readonly FieldError[];
} {
  const parts: PartRequest[] = [];
  const notices: FieldError[] = [];
  const used = new Set<string>();
  const steps = route.map((step, index): RouteStep => {
    const path = `route.${index}`;
    const from = parts.length;
    for (const { at, via } of viasOf(step, path, reject)) {
      const { channel, content: own, providers } = via;
      if (channel === undefined) continue;
      if (own === undefined) used.add(channel);
      const contentPath = own === undefined ? `content.${channel}` : `${at}.content`;
      const content = own ?? shared[channel];
      if (content === undefined) reject(contentPath, `is required: ${at} has no content of its own`);
      // That it is no object is said below, once.
      parts.push({ channel, content: isObject(content) ? content : {}, providers, path: at, contentPath });
    }
    checkOrder(step, index, parts.slice(0, from), parts.slice(from), reject);
    notices.push(...checkUnless(step, path, parts.slice(0, from), settings, reject));
    return { afterMs: step.after, unless: step.unless, parts: parts.slice(from).map((_, offset) => from + offset) };
  });
  if (parts.length > maxParts) reject("route", `expected at most ${maxParts} channels in all steps together`);
  for (const [name, content] of Object.entries(shared)) {
    if (!(channelIds as readonly string[]).includes(name)) {
      reject(`content.${name}`, `expected content by channel: one of ${channelIds.join(", ")}`);
    } else if (!isObject(content)) reject(`content.${name}`, "expected an object");
    else if (!used.has(name)) reject(`content.${name}`, "is sent by no step of the route");
  }
  return { steps, parts, notices };
}

/** What a step is sent through: its channel, or those of its `all`. */
function viasOf(
  step: StepRequest,
  path: string,
  reject: Reject,
): readonly { readonly at: string; readonly via: Via }[] {
  const { channel, all, content, providers } = step;
  if (all === undefined) {
    if (channel === undefined) reject(`${path}.channel`, "is required, or `all`");
    return [{ at: path, via: step }];
  }
  if (channel !== undefined) reject(`${path}.channel`, "expected `channel` or `all`, not both");
  for (const [name, value] of Object.entries({ content, providers })) {
    if (value !== undefined) reject(`${path}.${name}`, "belongs to a channel of `all`");
  }
  return all.map((via, index) => ({ at: `${path}.all.${index}`, via }));
}

/** A way that failed is not worth taking again at once: that would be no other way. */
function checkOrder(
  { after, unless }: StepRequest,
  index: number,
  earlier: readonly PartRequest[],
  own: readonly PartRequest[],
  reject: Reject,
): void {
  if (index === 0 && after !== undefined) {
    reject("route.0.after", "is not for the first step: `delay` or `sendAt` say when that is due");
  }
  if (index === 0 && unless !== undefined)
    reject("route.0.unless", "is not for the first step: there is none before it");
  for (const [position, part] of own.entries()) {
    const before = after === undefined ? [...earlier, ...own.slice(0, position)] : own.slice(0, position);
    const same = before.find(
      (one) => one.channel === part.channel && canonical(one.content) === canonical(part.content),
    );
    if (same !== undefined) {
      const instead = own.includes(same) ? "another content" : "`after`, or another content";
      reject(`${part.path}.channel`, `repeats ${same.path}: expected ${instead}`);
    }
  }
}

/** A condition that can never be met would send to everybody, and look as if it did not. */
function checkUnless(
  { unless }: StepRequest,
  path: string,
  earlier: readonly PartRequest[],
  settings: Settings,
  reject: Reject,
): readonly FieldError[] {
  if (unless === undefined || earlier.length === 0) return [];
  const carriers = earlier.flatMap((part) => carriersOf(part, settings));
  const telling = carriers.filter(({ reports }) =>
    reports.some((one) => milestones.indexOf(one) >= milestones.indexOf(unless)),
  );
  if (telling.length === 0) {
    const known = earlier.map((part) => {
      const reports = carriersOf(part, settings).flatMap((carrier) => carrier.reports);
      return `${part.channel} reports ${milestones.filter((one) => reports.includes(one)).join(", ") || "none of these"}`;
    });
    const why = [...new Set(known)].join("; ");
    reject(`${path}.unless`, `can never be: no earlier step is ever known as ${unless} (${why})`);
    return [];
  }
  if (telling.some(({ id }) => isHeard(id, settings))) return [];
  const names = [...new Set(telling.map(({ id }) => id))].join(", ");
  return [
    { field: `${path}.unless`, detail: `is never met as things are: this deployment hears nothing back from ${names}` },
  ];
}

/** The providers that may carry a part. */
function carriersOf({ channel, providers }: PartRequest, settings: Settings): readonly ProviderSettings[] {
  const ids = new Set(lanesFor(settings, channel, providers).map(({ provider }) => provider));
  return settings.known.filter(({ id }) => ids.has(id));
}

/** Whether what a provider's messages come to gets here: by its webhook, or as receipts of the browsers. */
function isHeard(id: string, { webhooks, pushReceipts }: Settings): boolean {
  return id === "webpush" ? pushReceipts !== undefined : webhooks.has(id);
}

function isObject(value: unknown): value is Content {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
