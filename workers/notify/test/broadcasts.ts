import { stemOf } from "../src/ids.ts";
import { allShards } from "../src/ledger/shards.ts";
import { browser, putSubscription } from "./devices.ts";
import { newRecipientId } from "./recipients.ts";
import { call, env } from "./service.ts";
import { inShard, placeOf } from "./shards.ts";
import { member } from "./topics.ts";
import { simulator } from "./worker.ts";

export interface BroadcastBody {
  readonly id: string;
  readonly count: number;
  readonly byStatus: Readonly<Record<string, number>>;
  readonly messages: readonly unknown[];
  readonly broadcast: {
    readonly topic: string;
    readonly state: string;
    readonly sent: number;
    readonly total: number;
    readonly members: { readonly read: number; readonly unwanted: number; readonly unreachable: number };
  };
}

export function post(body: object, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  return call("POST", "/v1/notifications", { body, headers });
}

export const pushTo = (topic: string, more: object = {}): object => ({
  channel: "webpush",
  to: { topic },
  content: { payload: "hello" },
  ...more,
});

export async function send(body: object): Promise<string> {
  const response = await post(body);
  if (response.status !== 202) throw new Error(`${response.status}: ${await response.text()}`);
  return (await response.json<{ id: string }>()).id;
}

export async function read(id: string): Promise<BroadcastBody> {
  return (await call("GET", `/v1/notifications/${id}`)).json();
}

export async function until(id: string, wanted: (body: BroadcastBody) => boolean): Promise<BroadcastBody> {
  const end = Date.now() + 15_000;
  for (;;) {
    await simulator.settle();
    const body = await read(id);
    if (wanted(body)) return body;
    if (Date.now() > end) throw new Error(JSON.stringify(body));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export const counted = ({ broadcast, count }: BroadcastBody): boolean =>
  broadcast.state === "complete" && count === broadcast.total;
export const finished = (body: BroadcastBody): boolean => counted(body) && (body.byStatus["queued"] ?? 0) === 0;

/** Somebody with browsers. */
export async function reader(topic: string, browsers = 1, fate = "delivered"): Promise<string> {
  const id = newRecipientId();
  for (let index = 0; index < browsers; index++) await putSubscription(id, await browser(fate));
  await member(topic, id);
  return id;
}

/** Messages of a broadcast, wherever they are. */
export async function messagesOf(
  id: string,
): Promise<readonly { shard: number; uuid: string; recipient: string; member: string }[]> {
  const stem = stemOf(placeOf(id).uuid);
  const all = await Promise.all(
    allShards(env).map((shard) =>
      inShard(shard, (sql) =>
        sql
          .exec<{ uuid: string; recipient: string; member: string }>(
            "SELECT uuid, recipient_id AS recipient, member FROM message WHERE uuid BETWEEN ? AND ?",
            `${stem}00000001`,
            `${stem}7fffffff`,
          )
          .toArray()
          .map((row) => ({ shard, ...row })),
      ),
    ),
  );
  return all.flat();
}
