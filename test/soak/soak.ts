import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memoryStore, type FaultInput, type Store } from "@carillon/simulator";
import { serviceApi, type ServiceApi } from "../../scripts/local/api.ts";
import type { LocalProcess } from "../../scripts/local/local-process.ts";
import { letTimePass } from "../chaos/disk.ts";
import { freePort, pause, until } from "../chaos/rig.ts";
import { bundle } from "../workerd/bundle.ts";
import { apiKey, currentMigrations, startServing, variables } from "../workerd/service.ts";
import { serveSimulator } from "../workerd/simulator.ts";
import { storiesOf } from "./expected.ts";

export interface SoakOptions {
  readonly messages: number;
  /** How often the service is killed on the way, at even distances. */
  readonly kills: number;
  /** How the end of a lost lease is come by: by waiting, or by a disk on which that minute is over. */
  readonly waitsFor: "leases" | "nothing";
  /** From 0 up to 1: which requests are troubled. */
  readonly random: () => number;
  readonly log: (line: string) => void;
}

export interface Soaked {
  readonly seconds: number;
  /** Requests to the providers, and what went wrong with how many of them. */
  readonly requests: number;
  readonly troubled: Readonly<Record<string, number>>;
  /** How many messages ended with each status. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Messages that no provider ever had. */
  readonly lost: readonly string[];
  /** Messages whose status is not what the providers' records say. */
  readonly wrong: readonly { readonly id: string; readonly status: string | undefined; readonly expected: string }[];
  /** Taken more than once, by the providers that took them; and those of them that do not say so. */
  readonly twice: Readonly<Record<string, number>>;
  readonly unmarked: readonly string[];
}

/** Of all requests to providers 10 % are answered 503, 5 % 429, and 2 % are taken and cut off: each of what the others leave. */
const faults: readonly FaultInput[] = [
  { kind: "unavailable", share: 0.1 },
  { kind: "rate-limit", share: 0.05 / 0.9, retryAfterSeconds: 1 },
  { kind: "accept-then-cut", share: 0.02 / 0.85 },
];

/** Late, each twice, and in another order. */
const webhooks = { delayMs: 2_000, duplicate: true, shuffle: true };

/** What becomes of messages, and how many of a hundred it becomes of. */
const outcomes: readonly (readonly [outcome: string, percent: number])[] = [
  ["delivered", 60],
  ["opened", 15],
  ["clicked", 8],
  ["deferred", 5],
  ["bounced", 5],
  ["softbounced", 3],
  ["complained", 2],
  ["unsubscribed", 2],
];

/** With keys and without, in batches of different sizes, and with a content that goes one message a request. */
const kinds = [
  { providers: ["resend", "postmark"], content: {} },
  { providers: ["postmark", "sendgrid"], content: {} },
  { providers: ["sendgrid", "resend"], content: {} },
  {
    providers: ["resend", "sendgrid"],
    content: { attachments: [{ filename: "a.txt", contentType: "text/plain", content: "YQ==" }] },
  },
] as const;

const recipientsOfARequest = 100;
const requestsInFlight = 4;
const leaseIsOverMs = 61_000;
const endsWithinMs = 1_200_000;

/** Sends so many messages through troubled providers, kills the service on the way, and looks what became of each. */
export async function soak(options: SoakOptions): Promise<Soaked> {
  const { messages, kills, random, log } = options;
  const folder = mkdtempSync(join(tmpdir(), "carillon-soak-"));
  const script = join(folder, "worker.js");
  writeFileSync(script, await bundle("workers/notify/src/index.ts"));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const store = memoryStore();
  const troubled = countTroubles(store);
  const served = await serveSimulator({ webhookTarget: url, store, random });
  let service: LocalProcess | undefined;
  const start = async (): Promise<void> => {
    const state = join(folder, "state");
    const services = { SIMULATOR: served.port };
    service = await startServing({ script, port, state, migrations: currentMigrations, variables, services });
  };
  try {
    await start();
    store.setSettings({ ...store.settings(), ...webhooks });
    for (const fault of faults) store.addFault(fault);
    const api = serviceApi(url, apiKey);
    const startedAt = performance.now();
    const seconds = (): number => Math.round((performance.now() - startedAt) / 1000);

    const accepting = acceptAll(api, messages, random);
    for (let kill = 1; kill <= kills; kill++) {
      const wanted = Math.round((messages * kill) / (kills + 1));
      await until(
        () => Promise.resolve(store.witness().messages),
        (taken) => taken >= wanted,
        endsWithinMs,
      );
      await service?.kill();
      log(`${seconds()} s: killed, providers have ${store.witness().messages} of ${messages}`);
      if (options.waitsFor === "nothing") letTimePass(join(folder, "state/do/service-Ledger"), leaseIsOverMs);
      await start();
    }
    const notifications = await accepting;
    log(`${seconds()} s: all are accepted`);
    await untilOver(api, served.simulator.nextDueMs, endsWithinMs);
    const took = seconds();
    log(`${took} s: nothing is left to do`);

    const ids = notifications.flatMap((notification) => notification.messages);
    const statuses = await statusesOf(api, notifications);
    return { seconds: took, requests: served.requests(), troubled, ...(await judge(api, store, ids, statuses)) };
  } finally {
    await service?.kill();
    await served.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Accepted {
  readonly id: string;
  readonly messages: readonly string[];
}

/** Some requests at a time; one that is not answered is made again, with its key. */
async function acceptAll(api: ServiceApi, messages: number, random: () => number): Promise<readonly Accepted[]> {
  const accepted: Accepted[] = [];
  const bodies = Array.from({ length: Math.ceil(messages / recipientsOfARequest) }, (_, index) => {
    const count = Math.min(recipientsOfARequest, messages - index * recipientsOfARequest);
    const to = Array.from({ length: count }, (_, place) => `${outcomeFor(random())}+${index}-${place}@simulator.test`);
    const { providers, content } = kinds[index % kinds.length] ?? kinds[0];
    return {
      key: `soak-${index}`,
      body: {
        channel: "email" as const,
        to,
        content: { from: "ringer@example.com", subject: "Practice", text: "Tonight at seven.", ...content },
        providers,
      },
    };
  });
  const worker = async (): Promise<void> => {
    for (let next = bodies.shift(); next !== undefined; next = bodies.shift()) {
      for (;;) {
        const answer = await api.post(next.body, next.key).catch(() => undefined);
        if (answer !== undefined) {
          accepted.push({ id: answer.id, messages: answer.messages.map(({ id }) => id) });
          break;
        }
        await pause(250);
      }
    }
  };
  await Promise.all(Array.from({ length: requestsInFlight }, worker));
  return accepted;
}

function outcomeFor(draw: number): string {
  let sum = 0;
  for (const [outcome, percent] of outcomes) {
    sum += percent / 100;
    if (draw < sum) return outcome;
  }
  return "delivered";
}

/** Nothing is due, out, or still to be told. */
async function untilOver(api: ServiceApi, nextDueMs: () => number | undefined, withinMs: number): Promise<void> {
  await until(
    async () => {
      const { body } = await api.health();
      const busy = body.shards.filter(({ oldestDueAt, oldestLeaseAt }) => (oldestDueAt ?? oldestLeaseAt) !== null);
      return { busy: busy.length, webhooks: nextDueMs() !== undefined };
    },
    ({ busy, webhooks }) => busy === 0 && !webhooks,
    withinMs,
  );
}

async function statusesOf(api: ServiceApi, notifications: readonly Accepted[]): Promise<ReadonlyMap<string, string>> {
  const statuses = new Map<string, string>();
  for (const { id } of notifications) {
    const { messages } = await api.notification(id);
    for (const message of messages) statuses.set(message.id, message.status);
  }
  return statuses;
}

async function judge(
  api: ServiceApi,
  store: Store,
  ids: readonly string[],
  statuses: ReadonlyMap<string, string>,
): Promise<Omit<Soaked, "seconds" | "requests" | "troubled">> {
  const stories = storiesOf(store);
  const count = (names: readonly string[]): Record<string, number> => {
    const groups = Map.groupBy(names, (name) => name);
    return Object.fromEntries(Array.from(groups, ([name, all]) => [name, all.length]));
  };
  const lost = ids.filter((id) => !stories.has(id));
  const wrong = ids.flatMap((id) => {
    const [status, expected] = [statuses.get(id), stories.get(id)?.status];
    return expected === undefined || expected === status ? [] : { id, status, expected };
  });
  const twice = ids.filter((id) => (stories.get(id)?.takenBy.length ?? 0) > 1);
  const unmarked: string[] = [];
  for (const id of twice) if (!(await api.message(id)).possibleDuplicate) unmarked.push(id);
  return {
    statuses: count([...statuses.values()]),
    lost,
    wrong,
    twice: count(twice.map((id) => stories.get(id)?.takenBy.toSorted().join(" and ") ?? "")),
    unmarked,
  };
}

/** Counts the faults that a store hands out, by kind. */
function countTroubles(store: Store): Record<string, number> {
  const counted: Record<string, number> = {};
  const take = store.takeFault;
  Object.assign(store, {
    takeFault: (test: Parameters<Store["takeFault"]>[0]) => {
      const fault = take(test);
      if (fault !== undefined) counted[fault.kind] = (counted[fault.kind] ?? 0) + 1;
      return fault;
    },
  });
  return counted;
}
