import { createSimulator, simulatorCredentials } from "@carillon/simulator";
import { describe, expect, it } from "vitest";
import { app } from "../src/app.ts";
import { env, fault } from "./service.ts";
import { simulator } from "./worker.ts";

/** What SNS sends to have the endpoint confirmed. */
async function confirmation(): Promise<RequestInit> {
  let sent: RequestInit = {};
  const sns = createSimulator({
    webhookTarget: "https://carillon.test",
    deliver: async (_, init) => {
      sent = { method: "POST", headers: init.headers ?? {}, body: init.body ?? null };
      return new Response();
    },
  });
  await sns.fetch("http://simulator/api/webhooks/ses/confirm", { method: "POST" });
  return sent;
}

/** A service that listens to one topic: its own isolate, as far as certificates go. */
async function answerOf(request: RequestInit, topicArns: string = simulatorCredentials.ses.topicArns): Promise<number> {
  const variables = { PROVIDERS: "ses", SES_TOPIC_ARNS: topicArns };
  return (await app.request("https://carillon.test/v1/webhooks/ses", request, { ...env, ...variables })).status;
}

function notes(): readonly unknown[] {
  return simulator.store.otherRequests(10).items.map(({ note }) => note);
}

describe("a subscription of SES's events", () => {
  it("is confirmed at SNS, once its certificate vouched for it", async () => {
    const before = notes().length;
    expect(await answerOf(await confirmation())).toBe(200);
    expect(notes().slice(0, notes().length - before)).toEqual(["Subscription confirmed", "Signing certificate"]);
  });

  it("of another topic is refused, and nobody is asked for anything", async () => {
    const before = notes();
    const other = simulatorCredentials.ses.topicArns.replace("simulator", "another");
    expect(await answerOf(await confirmation(), other)).toBe(401);
    expect(notes()).toEqual(before);
  });

  it("is not confirmed while SNS is down, and SNS is told to ask again", async () => {
    const request = await confirmation();
    await fault({ kind: "unavailable", provider: "ses", times: 1 });
    expect(await answerOf(request)).toBe(503);
    expect(await answerOf(request)).toBe(200);
  });
});
