import { runDurableObjectAlarm } from "cloudflare:test";
import { env as workerEnv, exports } from "cloudflare:workers";
import type { Env } from "../src/env.ts";
import { shardStub, allShards } from "../src/ledger/shards.ts";
import { simulator } from "./worker.ts";

/** What the tests ask of the service, through its public API. */
export const env: Env = workerEnv as unknown as Env;

export const adminKey = "crl_local_development_only_admin_key";

interface CallOptions {
  readonly key?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: unknown;
}

export async function call(method: string, path: string, options: CallOptions = {}): Promise<Response> {
  const { key = adminKey, headers = {}, body } = options;
  const service = (exports as unknown as { default: Fetcher }).default;
  return service.fetch(`https://carillon.test${path}`, {
    method,
    headers: {
      ...(key === "" ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
}

export interface AcceptedBody {
  readonly id: string;
  readonly acceptedAt: string;
  readonly messages: readonly { readonly id: string; readonly to: readonly string[] }[];
}

export interface MessageBody {
  readonly id: string;
  readonly status: string;
  readonly to: readonly string[];
  readonly provider?: string;
  readonly tries: number;
  readonly possibleDuplicate: boolean;
  readonly nextTryAt?: string;
  readonly milestones: Readonly<Record<string, string>>;
  readonly timeline: readonly (Readonly<Record<string, unknown>> & { readonly kind: string; readonly then?: never })[];
}

export function email(
  to: unknown,
  more: Readonly<Record<string, unknown>> = {},
  content: Readonly<Record<string, unknown>> = {},
): object {
  return {
    channel: "email",
    to,
    content: { from: "app@example.org", subject: "Hello", html: "<p>Hello <b>you</b></p>", ...content },
    ...more,
  };
}

export async function accept(body: object, headers: Readonly<Record<string, string>> = {}): Promise<AcceptedBody> {
  const response = await call("POST", "/v1/notifications", { body, headers });
  if (response.status !== 202) throw new Error(`${response.status}: ${await response.text()}`);
  return response.json();
}

export async function message(id: string): Promise<MessageBody> {
  const response = await call("GET", `/v1/messages/${id}`);
  return response.json();
}

/** Lets the service and the simulator work until a message has a status, or the time is over. */
export async function until(
  id: string,
  wanted: (message: MessageBody) => boolean,
  withinMs = 10_000,
): Promise<MessageBody> {
  const end = Date.now() + withinMs;
  for (;;) {
    await simulator.settle("webhooks");
    const found = await message(id);
    if (wanted(found)) return found;
    if (Date.now() > end) throw new Error(`Message stands at ${found.status}: ${JSON.stringify(found.timeline)}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

export function untilStatus(id: string, status: string, withinMs?: number): Promise<MessageBody> {
  return until(id, (found) => found.status === status, withinMs);
}

/** Fires the alarms that are set, now. */
export async function runAlarms(): Promise<void> {
  for (const shard of allShards(env)) await runDurableObjectAlarm(shardStub(env, shard) as never);
}

/** Tells the simulator to misbehave. */
export async function fault(input: object): Promise<void> {
  const response = await simulator.fetch("http://simulator/api/faults", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(input),
  });
  if (!response.ok) throw new Error(await response.text());
}

/** How often the simulator's providers took a message. */
export function received(messageId: string): number {
  return new Map(simulator.store.witnessCounts(messageId)).get(messageId) ?? 0;
}
