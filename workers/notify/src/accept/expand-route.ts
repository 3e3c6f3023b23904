import type { ChannelId, Message } from "carillon";
import { channelsById } from "carillon/channels";
import { escalate } from "../dispatch/escalate.ts";
import type { Route } from "../dispatch/escalate.ts";
import { newStem, partStem, routedUuid } from "../ids.ts";
import type { AcceptedContent, AcceptedMessage } from "../ledger/accept.ts";
import { countAddresses, messagesOf } from "../ledger/person.ts";
import type { AddressesByPart, RoutedAddress, Trace } from "../ledger/person.ts";
import type { TimelineRow } from "../ledger/rows.ts";
import { startEntry } from "../ledger/take-step.ts";
import type { FieldError } from "../problem.ts";
import type { Settings } from "../settings.ts";
import { blankMessageTo, sampleAddress } from "./address.ts";
import { checkCategory, checkContent, checkProviders, defaultPriority, priorities } from "./expand.ts";
import type { Expanded, Reject } from "./expand.ts";
import { readPeople } from "./people.ts";
import type { PersonRequest } from "./people.ts";
import type { NotificationRequest } from "./request.ts";
import type { RouteRequest } from "./route-request.ts";
import { readSteps } from "./steps.ts";
import type { PartRequest } from "./steps.ts";
import { readWhen } from "./when.ts";

export type RoutedRequest = NotificationRequest & { readonly route: RouteRequest };

/** Checks a request with a route: each channel of each step as if it were alone; and makes each person's first messages. */
export async function expandRoute(request: RoutedRequest, settings: Settings, now: Date): Promise<Expanded> {
  const errors: FieldError[] = [];
  const reject = (field: string, detail: string): void => {
    // What is wrong with the whole is found with each part.
    if (!errors.some((error) => error.field === field && error.detail === detail)) errors.push({ field, detail });
  };
  if (request.channel !== undefined) reject("channel", "expected `channel` or `route`, not both");
  if (request.providers !== undefined) reject("providers", "belongs to a step of the route");
  if (request.envelope !== undefined) reject("envelope", "is not for a route: each person goes along it alone");
  const { steps, parts, notices } = readSteps(request, settings, reject);
  for (const part of parts) checkPart(request, part, settings, reject);
  const people = readPeople(request.to, new Set(parts.map(({ channel }) => channel)), reject);
  const when = readWhen(request, now, reject);
  if (errors.length > 0) return { ok: false, errors };

  const contents = parts.map((part) => contentOf(part, people, reject));
  const addressed = await addressesOf(people);
  if (errors.length > 0) return { ok: false, errors };
  const route: Route = {
    steps,
    channels: parts.map(({ channel }) => channel),
    priority: priorities[request.priority ?? defaultPriority],
  };
  const [first] = contents;
  if (first === undefined) return { ok: false, errors: [{ field: "route", detail: "expected at least one step" }] };
  const stem = partStem(newStem(now), 0);
  const walks = beginAll(route, stem, addressed, { now: now.getTime(), ...when });
  return {
    ok: true,
    notices: [...when.notices, ...notices, ...tooLateSteps(route, when)],
    notification: {
      stem,
      ...first,
      priority: route.priority,
      sendAt: when.sendAt,
      expiresAt: when.expiresAt,
      category: request.category,
      messages: walks.messages,
      route: {
        route: JSON.stringify(route),
        parts: contents.slice(1),
        escalations: walks.escalations,
        timeline: walks.timeline,
      },
    },
  };
}

function checkPart(
  { category, priority }: NotificationRequest,
  part: PartRequest,
  settings: Settings,
  reject: Reject,
): void {
  const { channel, content, providers, path, contentPath } = part;
  const alone = { channel, content, providers, category, priority, to: [] };
  checkProviders(alone, settings, (field, detail) => reject(`${path}.${field}`, detail));
  checkContent(alone, 1, settings, (field, detail) =>
    reject(
      field.replace(/^content/, () => contentPath),
      detail,
    ),
  );
  checkCategory(alone, 1, settings, reject);
}

/** Checks a part's content with an address that somebody has, if anybody has one. */
function contentOf(part: PartRequest, people: readonly PersonRequest[], reject: Reject): AcceptedContent {
  const { channel, content, contentPath, providers } = part;
  const known = people.flatMap((person) => person.addresses.get(channel) ?? [])[0]?.recipient;
  const message = channelsById[channel].normalise({ ...content, channel, to: known ?? sampleAddress[channel] });
  let derived = content;
  if ("ok" in message) {
    // An address that is wrong has been found with its person.
    if (!isAddressField(message.field)) {
      reject(message.field === "" ? contentPath : `${contentPath}.${message.field}`, message.detail);
    }
  } else if ("text" in message && message.text !== undefined) derived = { ...content, text: message.text };
  const metadata = JSON.stringify(derived["metadata"]) as string | undefined;
  return { channel, providers, content: JSON.stringify(derived), metadata };
}

function isAddressField(field: string): boolean {
  return field === "to" || field.startsWith("to.");
}

/** Somebody's addresses; or their id, where those are to be looked up. */
type Addressed = ReadonlyMap<ChannelId, readonly RoutedAddress[]> | string;

/** Each person's addresses as the channels know them. Whoever is in the list twice goes along the route once. */
async function addressesOf(people: readonly PersonRequest[]): Promise<readonly Addressed[]> {
  const seen = new Set<string>();
  const all: Addressed[] = [];
  for (const person of people) {
    if (person.recipientId !== undefined) {
      const { recipientId } = person;
      if (seen.size < seen.add(`recipient ${recipientId}`).size) all.push(recipientId);
      continue;
    }
    const own = new Map<ChannelId, readonly RoutedAddress[]>();
    for (const [channel, given] of person.addresses) {
      const byKey = new Map<string, RoutedAddress>();
      for (const { recipient } of given) {
        const message = blankMessageTo(channel, recipient) as Message;
        const addresses = (await channelsById[channel].addresses(message as never)).map(({ key, label }) => ({
          key,
          label,
        }));
        const key = addresses.map((address) => address.key).join(" ");
        if (!byKey.has(key)) byKey.set(key, { recipient, addresses });
      }
      own.set(channel, [...byKey.values()]);
    }
    const keys = Array.from(own, ([channel, list]) => [channel, list.map(({ addresses }) => addresses)]);
    if (seen.size < seen.add(JSON.stringify(keys)).size) all.push(own);
  }
  return all;
}

interface Begun {
  readonly messages: readonly AcceptedMessage[];
  readonly escalations: readonly { uuid: string; addresses: string; trace: string; dueAt: number | undefined }[];
  readonly timeline: readonly TimelineRow[];
}

/** Everybody's first steps: more than one where there is no address for the first. */
function beginAll(
  route: Route,
  stem: string,
  people: readonly Addressed[],
  { now, sendAt, expiresAt }: { now: number; sendAt: number; expiresAt: number | undefined },
): Begun {
  const messages: AcceptedMessage[] = [];
  const escalations: Begun["escalations"][number][] = [];
  const timeline: TimelineRow[] = [];
  for (const [index, own] of people.entries()) {
    const uuid = routedUuid(stem, index, 0);
    if (typeof own === "string") {
      // Until they are looked up, one message stands for the first step, and no time starts another.
      messages.push({ uuid, recipient: { recipient: own }, addresses: [], recipientId: own });
      const trace: Trace = { started: [{ step: 0, at: sendAt, messages: 1 }] };
      escalations.push({ uuid, addresses: "{}", trace: JSON.stringify(trace), dueAt: undefined });
      continue;
    }
    const addresses = Object.fromEntries(
      route.channels.map((channel, part) => [String(part), own.get(channel) ?? []]),
    ) satisfies AddressesByPart;
    const count = (step: number): number => countAddresses(route, step, addresses);
    const first = { step: 0, at: sendAt, messages: count(0) };
    const walk = { route, started: [first], standings: new Map(), addresses: count, now, expiresAt };
    const { started, dueAt } = escalate(walk);
    for (const one of started) {
      const made = messagesOf(route, one.step, uuid, addresses);
      messages.push(...made);
      if (one.step > 0) timeline.push(...made.map((message) => startEntry(route, one, message.uuid, now)));
    }
    // What messages have need not be kept a second time.
    const later = new Set(route.steps.slice(started.length).flatMap(({ parts }) => parts.map(String)));
    const kept = Object.fromEntries(Object.entries(addresses).filter(([part, list]) => later.has(part) && list.length));
    const trace: Trace = { started };
    escalations.push({ uuid, addresses: JSON.stringify(kept), trace: JSON.stringify(trace), dueAt });
  }
  return { messages, escalations, timeline };
}

/** Steps that would come when the notification has expired, were it for time alone. */
function tooLateSteps(
  { steps }: Route,
  { sendAt, expiresAt = Number.POSITIVE_INFINITY }: { sendAt: number; expiresAt: number | undefined },
): readonly FieldError[] {
  let at = sendAt;
  return steps.flatMap(({ afterMs = 0 }, index) => {
    at += afterMs;
    if (afterMs === 0 || at < expiresAt) return [];
    return { field: `route.${index}.after`, detail: "ends after it expires: only a failure starts this step in time" };
  });
}
