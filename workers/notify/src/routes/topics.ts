import { Hono } from "hono";
import type { Context } from "hono";
import type { Scope } from "../directory/api-keys.ts";
import {
  findTopic,
  join,
  leave,
  listTopics,
  pageMembers,
  putTopic,
  removeTopic,
  topicsOf,
  trimTopics,
} from "../directory/topics.ts";
import type { Member, Membership, Topic } from "../directory/topics.ts";
import type { Env } from "../env.ts";
import { invalid, notFound, refusal } from "../problem.ts";
import { beingErased } from "../recipients/being-erased.ts";
import { readRecipientId } from "../recipients/request.ts";
import { isTopicId, memberRequest, readTopicId, topicRequest } from "../topics/request.ts";
import { authorize, authorizeFor } from "./authorize.ts";
import { readJson, readOptionalJson } from "./body.ts";
import { allowBrowsers } from "./cors.ts";
import { readLimit } from "./page.ts";
import { iso } from "./views.ts";

/** `/v1/topics`: what they are is the app's to say; members come and go by an API key, or by their own token. */
export const topics = new Hono<{ Bindings: Env }>();

/** `/v1/recipients/:recipient/topics`. */
export const recipientTopics = new Hono<{ Bindings: Env }>();

type C = Context<{ Bindings: Env }>;

const maxTopicBytes = 4_096;

/** More than anybody is a member of. */
const maxTopicsOfOne = 1_000;

topics.get("/", async (c) => {
  await authorize(c, "read");
  const limit = readLimit(c);
  const page = await listTopics(c.env.DB, readCursor(c), limit);
  return c.json({ topics: page.map(viewOf), nextCursor: page.length === limit ? page.at(-1)?.id : undefined });
});

topics.get("/:topic", async (c) => {
  await authorize(c, "read");
  return c.json(viewOf(await topicIn(c)));
});

/** 201 for a new one, 200 for one that was there. */
topics.put("/:topic", async (c) => {
  await authorize(c, "send");
  const id = readTopicId(c.req.param("topic"));
  const { title = id, open } = await readJson(c, topicRequest, maxTopicBytes);
  const outcome = await putTopic(c.env.DB, { id, title, open }, Date.now());
  if (outcome === "removing") {
    throw refusal({ status: 409, code: "being-removed", title: "The members of this topic are being removed." });
  }
  return c.json(viewOf(await topicIn(c)), outcome === "created" ? 201 : 200);
});

/** It is gone at once; large ones lose their members a while later. */
topics.delete("/:topic", async (c) => {
  await authorize(c, "send");
  if (!(await removeTopic(c.env.DB, readTopicId(c.req.param("topic")), Date.now()))) throw notFound("topic");
  await trimTopics(c.env.DB);
  return c.body(null, 204);
});

topics.get("/:topic/members", async (c) => {
  await authorize(c, "read");
  const { id } = await topicIn(c);
  const limit = readLimit(c);
  const page = await pageMembers(c.env.DB, id, readMemberCursor(c), limit);
  const last = page.at(-1);
  return c.json({
    members: page.map(memberView),
    nextCursor: page.length === limit && last !== undefined ? `${last.recipient}/${last.device}` : undefined,
  });
});

topics.use("/:topic/members/:recipient", allowBrowsers("PUT", "DELETE"));

/** 201 when they were none, 200 when they were. */
topics.put("/:topic/members/:recipient", async (c) => {
  const { topic, recipient, isOwn } = await membershipIn(c, "send");
  const { device = "" } = await readMember(c);
  if (isOwn && (await findTopic(c.env.DB, topic))?.open === false) {
    throw refusal({
      status: 403,
      code: "forbidden",
      title: "This topic is not open: its members are added with an API key.",
    });
  }
  const outcome = await join(c.env.DB, topic, { recipient, device }, Date.now());
  switch (outcome) {
    case "no-topic":
      throw notFound("topic");
    case "erasing":
      throw beingErased();
    case "no-device":
      throw invalid([{ field: "device", detail: "expected a device of this recipient" }]);
    case "joined":
    case "member":
      return c.json({ topic, recipient, device: device || undefined }, outcome === "joined" ? 201 : 200);
  }
});

/** 204, also for who was none. Leaving is open to everybody, of any topic. */
topics.delete("/:topic/members/:recipient", async (c) => {
  const { topic, recipient } = await membershipIn(c, "send");
  const { device } = await readMember(c);
  await leave(c.env.DB, topic, recipient, device);
  return c.body(null, 204);
});

recipientTopics.use("/:recipient/topics", allowBrowsers("GET"));

recipientTopics.get("/:recipient/topics", async (c) => {
  const recipient = readRecipientId(c.req.param("recipient"));
  await authorizeFor(c, recipient, "read");
  const found = await topicsOf(c.env.DB, recipient, maxTopicsOfOne);
  return c.json({
    topics: found.map(({ id, title, device, joinedAt }) => ({
      id,
      title,
      device: device || undefined,
      joinedAt: iso(joinedAt),
    })),
  });
});

async function topicIn(c: C): Promise<Topic> {
  const found = await findTopic(c.env.DB, readTopicId(c.req.param("topic")));
  if (found === undefined) throw notFound("topic");
  return found;
}

async function membershipIn(
  c: C,
  scope: Scope,
): Promise<{ readonly topic: string; readonly recipient: string; readonly isOwn: boolean }> {
  const recipient = readRecipientId(c.req.param("recipient"));
  const caller = await authorizeFor(c, recipient, scope);
  return { topic: readTopicId(c.req.param("topic")), recipient, isOwn: caller === undefined };
}

/** There need not be a body. */
async function readMember(c: C): Promise<{ readonly device?: string | undefined }> {
  return (await readOptionalJson(c, memberRequest, maxTopicBytes)) ?? {};
}

function readCursor(c: C): string {
  const cursor = c.req.query("cursor");
  if (cursor === undefined || isTopicId(cursor)) return cursor ?? "";
  throw invalid([{ field: "cursor", detail: "expected the `nextCursor` of a page" }]);
}

function readMemberCursor(c: C): Member | undefined {
  const cursor = c.req.query("cursor");
  if (cursor === undefined) return undefined;
  const [, recipient, device] = /^([^/]{1,128})\/(dev_[0-9a-f]{32})?$/.exec(cursor) ?? [];
  if (recipient === undefined) throw invalid([{ field: "cursor", detail: "expected the `nextCursor` of a page" }]);
  return { recipient, device: device ?? "" };
}

function viewOf({ id, title, open, members, createdAt, updatedAt }: Topic): Record<string, unknown> {
  return { id, title, open, members, createdAt: iso(createdAt), updatedAt: iso(updatedAt) };
}

function memberView({ recipient, device, joinedAt }: Membership): Record<string, unknown> {
  return { recipient, device: device || undefined, joinedAt: iso(joinedAt) };
}
