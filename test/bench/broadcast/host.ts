import { readdirSync, readFileSync } from "node:fs";
import { simulatorCredentials } from "@carillon/simulator";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { bundle } from "../../workerd/bundle.ts";
import { apiKey, compatibilityDate, migrate } from "../host.ts";
import type { Subscription } from "../sdk/subscriptions.ts";

export const shards = 16;

/** The service in a workerd of its own, whose push services are all the sink. */
export interface Host {
  readonly url: URL;
  /** Of all its threads, since it was started. */
  cpuMs(): number;
  /** Resident, now and at most, in megabytes. */
  memory(): { readonly nowMb: number; readonly peakMb: number };
  /** Makes everybody a recipient with one device, and a member of the topic. */
  fill(topic: string, subscriptions: readonly Subscription[]): Promise<void>;
  stop(): Promise<void>;
}

const { vapidSubject, vapidPublicKey, vapidPrivateKey } = simulatorCredentials.webpush;

export async function startHost(sinkPort: number): Promise<Host> {
  const before = new Set(workerds());
  const service = new Miniflare(
    convertV4MiniflareOptions({
      name: "service",
      modules: true,
      script: await bundle("test/bench/broadcast/service.mjs"),
      compatibilityDate,
      d1Databases: { DB: "directory" },
      durableObjects: {
        LEDGER: { className: "Ledger", useSQLite: true },
        LANE: { className: "Lane", useSQLite: true },
      },
      bindings: {
        ENVIRONMENT: "development",
        GUARD: JSON.stringify({ allow: { webpush: ["*"] } }),
        PROVIDERS: "webpush",
        ADMIN_API_KEY: apiKey,
        SHARDS: String(shards),
        WEBPUSH_VAPID_SUBJECT: vapidSubject,
        WEBPUSH_VAPID_PUBLIC_KEY: vapidPublicKey,
        WEBPUSH_VAPID_PRIVATE_KEY: vapidPrivateKey,
      },
      serviceBindings: { SIMULATOR: { external: { address: `127.0.0.1:${sinkPort}`, http: {} } } },
      unsafeDirectSockets: [{ host: "127.0.0.1", port: 0, proxy: false }],
    } as never),
  );
  const url = await service.unsafeGetDirectURL();
  await migrate(service);
  const [pid] = workerds().filter((one) => !before.has(one));
  return {
    url,
    cpuMs: () => cpuMsOf(pid),
    memory: () => memoryOf(pid),
    fill: (topic, subscriptions) => fill(service, topic, subscriptions),
    stop: () => service.dispose(),
  };
}

/** Processes of this one that are a workerd. */
function workerds(): readonly string[] {
  return readdirSync("/proc").filter((pid) => {
    try {
      const [, name = "", parent] = /\((.*)\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8")) ?? [];
      return name.startsWith("workerd") && parent === String(process.pid);
    } catch {
      return false;
    }
  });
}

function memoryOf(pid: string | undefined): { readonly nowMb: number; readonly peakMb: number } {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const mb = (field: string): number =>
    Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1] ?? Number.NaN) / 1024;
  return { nowMb: mb("VmRSS"), peakMb: mb("VmHWM") };
}

/** Ticks of the kernel's clock, of which user space always sees a hundred a second. */
function cpuMsOf(pid: string | undefined): number {
  const [, fields = ""] = /\) \S (.*)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8")) ?? [];
  const [user, system] = fields.split(" ").slice(10, 12).map(Number);
  return ((user ?? Number.NaN) + (system ?? Number.NaN)) * 10;
}

interface Directory {
  prepare(sql: string): { bind(...values: readonly unknown[]): unknown };
  batch(statements: readonly unknown[]): Promise<unknown>;
}

const rowsAtOnce = 1_000;

/** As registering each would, but for the time that it takes. */
async function fill(service: Miniflare, topic: string, subscriptions: readonly Subscription[]): Promise<void> {
  const db = (await service.getD1Database("DB")) as unknown as Directory;
  await db.batch([
    db.prepare("INSERT INTO topic (id, title, open, created_at, updated_at) VALUES (?1, ?1, 0, 1, 1)").bind(topic),
  ]);
  for (let start = 0; start < subscriptions.length; start += rowsAtOnce) {
    const rows = await Promise.all(
      subscriptions.slice(start, start + rowsAtOnce).map(async (subscription, index) => ({
        recipient: `reader_${String(start + index).padStart(6, "0")}`,
        id: `dev_${String(start + index).padStart(32, "0")}`,
        key: await sha256Hex(subscription.endpoint),
        address: { ...subscription, applicationServerKey: vapidPublicKey },
      })),
    );
    const json = JSON.stringify(rows);
    await db.batch([
      db
        .prepare(
          `INSERT INTO recipient (id, data, created_at, updated_at)
           SELECT value ->> 'recipient', '{}', 1, 1 FROM json_each(?1)`,
        )
        .bind(json),
      db
        .prepare(
          `INSERT INTO device (id, channel, address_key, recipient, address, label, vapid_key, created_at, seen_at)
           SELECT value ->> 'id', 'webpush', value ->> 'key', value ->> 'recipient', value -> 'address', 'l', ?2, 1, 1
           FROM json_each(?1)`,
        )
        .bind(json, vapidPublicKey),
      db
        .prepare(
          `INSERT INTO topic_member (topic, recipient, device, joined_at)
           SELECT ?2, value ->> 'recipient', '', 1 FROM json_each(?1)`,
        )
        .bind(json, topic),
    ]);
  }
}

export async function sha256Hex(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Buffer.from(digest).toString("hex");
}
