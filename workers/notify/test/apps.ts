import { runDurableObjectAlarm } from "cloudflare:test";
import { afterEach, beforeEach, expect, vi } from "vitest";
import { allShards, shardStub } from "../src/ledger/shards.ts";
import { call, env } from "./service.ts";
import { inShard } from "./shards.ts";

/** A webhook as an app got it. */
export interface Told {
  readonly id: string;
  readonly type: string;
  readonly createdAt: string;
  readonly data: Readonly<Record<string, unknown>> & { readonly messageId?: string; readonly sequence?: number };
  readonly headers: Headers;
  readonly body: string;
  readonly redirect: string;
}

/** An app that is told of events. */
export interface App {
  readonly url: string;
  readonly id: string;
  secret: string;
  readonly told: Told[];
  /** What it was told of one message, or of no message. */
  about(messageId: string | undefined): readonly Told[];
  /** How many requests it had at a time, at most. */
  mostAtOnce: number;
  answer: (told: Told) => Response | Promise<Response>;
}

const apps = new Map<string, App>();

/** Everything that the Worker fetches without a binding goes to the apps of the test that runs. */
async function fetchFromApps(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const request = new Request(input, init);
  const app = apps.get(new URL(request.url).hostname);
  if (app === undefined) throw new TypeError("Nobody listens there.");
  const body = await request.text();
  const told: Told = { ...(JSON.parse(body) as Told), headers: request.headers, body, redirect: request.redirect };
  app.told.push(told);
  inFlight.set(app, (inFlight.get(app) ?? 0) + 1);
  app.mostAtOnce = Math.max(app.mostAtOnce, inFlight.get(app) ?? 0);
  const aborted = new Promise<never>((_, reject) => {
    init?.signal?.addEventListener("abort", () => reject(new TypeError("Aborted.")));
  });
  try {
    return await Promise.race([Promise.resolve(app.answer(told)), aborted]);
  } finally {
    inFlight.set(app, (inFlight.get(app) ?? 1) - 1);
  }
}

const inFlight = new Map<App, number>();

/** Apps for each test of a file, gone at its end with their endpoints. */
export function useApps(): void {
  beforeEach(() => void vi.spyOn(globalThis, "fetch").mockImplementation(fetchFromApps as typeof fetch));
  afterEach(async () => {
    vi.useRealTimers();
    const { endpoints } = await (await call("GET", "/v1/endpoints")).json<{ endpoints: { id: string }[] }>();
    for (const { id } of endpoints) await call("DELETE", `/v1/endpoints/${id}`);
    apps.clear();
    vi.restoreAllMocks();
  });
}

/** An app with its endpoint. */
export async function listen(types: readonly string[] = ["*"], more: object = {}): Promise<App> {
  const host = `${crypto.randomUUID()}.example.com`;
  const url = `https://${host}/hooks`;
  const response = await call("POST", "/v1/endpoints", { body: { url, types, ...more } });
  if (response.status !== 201) throw new Error(await response.text());
  const { id, secret } = await response.json<{ id: string; secret: string }>();
  const told: Told[] = [];
  const app: App = {
    url,
    id,
    secret,
    told,
    mostAtOnce: 0,
    answer: () => new Response(null, { status: 204 }),
    about: (messageId) => told.filter(({ data }) => data.messageId === messageId),
  };
  apps.set(host, app);
  return app;
}

/** Waits until an app has been told so often of a message. */
export async function untilTold(app: App, messageId: string, times: number): Promise<readonly Told[]> {
  await expect.poll(() => app.about(messageId).length, { timeout: 10_000 }).toBeGreaterThanOrEqual(times);
  return app.about(messageId);
}

/** Makes everything that is planned for an endpoint due now, its pauses over, and lets the shard go on. */
export async function hurry(app: App, shard?: number): Promise<void> {
  for (const one of shard === undefined ? allShards(env) : [shard]) {
    await inShard(one, (sql) => {
      const past = Date.now() - 1;
      sql.exec("UPDATE delivery SET due_at = ? WHERE due_at IS NOT NULL AND endpoint = ?", past, app.id);
      sql.exec("UPDATE listener SET free_at = ? WHERE token IS NULL AND endpoint = ?", past, app.id);
    });
    await inShard(one, (_, __, ledger) => ledger.alarm());
    await runDurableObjectAlarm(shardStub(env, one) as never);
  }
}

export interface Delivery {
  readonly id: string;
  readonly type: string;
  readonly status: string;
  readonly tries: number;
  readonly nextTryAt?: string;
  readonly answers: readonly { readonly status?: number; readonly failure?: string }[];
}

/** What the API says of what an endpoint was told; the newest first. */
export async function deliveriesOf(app: App, query = ""): Promise<readonly Delivery[]> {
  const response = await call("GET", `/v1/endpoints/${app.id}/deliveries${query}`);
  return (await response.json<{ deliveries: Delivery[] }>()).deliveries;
}

/** Whether one of the signatures was made with the secret: the check of the specification, done by hand. */
export async function isSignedWith(secret: string, { headers, body }: Told): Promise<boolean> {
  const key = await crypto.subtle.importKey(
    "raw",
    Uint8Array.from(atob(secret.replace("whsec_", "")), (char) => char.charCodeAt(0)),
    { name: "HMAC", hash: "SHA-256" },
    false,
    ["sign"],
  );
  const signed = `${headers.get("webhook-id")}.${headers.get("webhook-timestamp")}.${body}`;
  const mac = await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(signed));
  const expected = `v1,${btoa(String.fromCharCode(...new Uint8Array(mac)))}`;
  return (headers.get("webhook-signature") ?? "").split(" ").includes(expected);
}
