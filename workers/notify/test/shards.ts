import { runInDurableObject } from "cloudflare:test";
import { formatId, parseId } from "../src/ids.ts";
import type { Lane } from "../src/lane/lane.ts";
import { laneStub } from "../src/lane/lanes.ts";
import type { Ledger } from "../src/ledger/ledger.ts";
import { allShards, shardStub } from "../src/ledger/shards.ts";
import { settingsOf } from "../src/settings.ts";
import { env } from "./service.ts";

/** Looks into, or changes, what a shard keeps. */
export function inShard<T>(
  shard: number,
  work: (sql: SqlStorage, storage: DurableObjectStorage, ledger: Ledger) => T | Promise<T>,
): Promise<T> {
  const run = runInDurableObject as unknown as (
    stub: unknown,
    callback: (ledger: Ledger, state: DurableObjectState) => T | Promise<T>,
  ) => Promise<T>;
  return run(shardStub(env, shard), (ledger, { storage }) => work(storage.sql, storage, ledger));
}

/** Looks into, or changes, what a lane's object keeps. */
export function inLane<T>(
  lane: string,
  work: (object: Lane, storage: DurableObjectStorage, state: DurableObjectState) => T | Promise<T>,
): Promise<T> {
  const run = runInDurableObject as unknown as (
    stub: unknown,
    callback: (object: Lane, state: DurableObjectState) => T | Promise<T>,
  ) => Promise<T>;
  return run(laneStub(env, lane), (object, state) => work(object, state.storage, state));
}

/** Shard and uuid of a message or notification. */
export function placeOf(id: string): { readonly shard: number; readonly uuid: string } {
  const kind = id.startsWith("ntf") ? "ntf" : "msg";
  const place = parseId(kind, id, settingsOf(env).shards);
  if (place === undefined) throw new Error(`${id} is no id`);
  return place;
}

export function messageId(shard: number, uuid: string): string {
  return formatId("msg", shard, uuid);
}

const tables = [
  "notification",
  "content_part",
  "idempotency",
  "message",
  "timeline",
  "chunk",
  "outbox",
  "stray",
  "delivery",
  "escalation",
];

/** Everything that all shards and the directory keep, as text: two that are the same are the same state. */
export async function everything(): Promise<string> {
  const shards = await Promise.all(
    allShards(env).map((shard) =>
      inShard(shard, (sql) => tables.map((table) => sql.exec(`SELECT * FROM ${table} ORDER BY 1, 2`).toArray())),
    ),
  );
  const directory = await env.DB.batch([
    env.DB.prepare("SELECT * FROM api_key ORDER BY id"),
    env.DB.prepare("SELECT * FROM suppression ORDER BY channel, address_key"),
  ]);
  return JSON.stringify([shards, directory.map(({ results }) => results)]);
}
