import { afterEach, describe, expect, it, vi } from "vitest";
import { attempts, receivers } from "../../../test/forgery/corpus.ts";
import type { Attempt } from "../../../test/forgery/corpus.ts";
import { isAbout, uncovered } from "../../../test/forgery/uncovered.ts";
import { app } from "../src/app.ts";
import { settingsOf } from "../src/settings.ts";
import type { Receiver } from "../../../test/forgery/receiver.ts";
import { accept, call, email, env } from "./service.ts";

// The corpus of test/forgery, a part of it: what the Worker's route answers, with real shards behind it.

const configured = {
  ...env,
  PROVIDERS: "resend,postmark,sendgrid,ses,mailgun,twilio,slack,discord",
  SES_TOPIC_ARNS: "arn:aws:sns:eu-west-1:123456789012:ses-events",
  TWILIO_STATUS_CALLBACK: undefined,
};

/** Of every family some; of what is rightly signed, and so goes on to the shards, one in ten. */
const oneOf: Readonly<Record<Attempt["family"], number>> = {
  bytes: 30,
  proofs: 12,
  transport: 4,
  clocks: 4,
  hostile: 3,
  "hostile-signed": 10,
  otherwise: 6,
};

async function answerTo({ receiver, request }: Attempt): Promise<Response> {
  const { url, method, headers, body } = request;
  const bindings = receiver.fetch ? { ...configured, SIMULATOR: { fetch: receiver.fetch } } : configured;
  const init = { method, headers: headers.map(([name, value]): [string, string] => [name, value]) };
  const bodiless = method === "GET" || method === "HEAD";
  return app.request(url, { ...init, ...(bodiless ? {} : { body }) }, bindings as never);
}

/** The same webhooks about a message that is there, so that what they say is stored with it. */
function about(receiver: Receiver, id: string): Receiver {
  const rewritten = (text: string): string => text.replaceAll("msg_0001", id);
  const rewrite = <R extends Receiver["samples"][number]>(request: R): R => ({
    ...request,
    url: rewritten(request.url),
    body: new TextEncoder().encode(rewritten(new TextDecoder().decode(request.body))),
  });
  const [first, second] = receiver.samples;
  return { ...receiver, samples: [rewrite(first), rewrite(second)], more: receiver.more?.map(rewrite) };
}

const routed = receivers.filter(({ provider }) => settingsOf(configured as never).webhooks.has(provider));

afterEach(() => void vi.restoreAllMocks());

describe("the route of webhooks", { timeout: 60_000 }, () => {
  it("is there for every receiver of a provider", () => {
    const others = receivers.filter((receiver) => !routed.includes(receiver)).map(({ name }) => name);
    // Any sender, and the queue, whose jobs have a route of their own.
    expect(others).toEqual(["qstash", "standard"]);
  });

  it.each(routed)("takes no forgery of $name, and does not fail over one", async (given) => {
    const { messages } = await accept(email("forged@simulator.test"));
    const receiver = about(given, messages[0]!.id);
    vi.spyOn(console, "warn").mockImplementation(() => {});
    const wrong: string[] = [];
    const counts = new Map<string, number>();
    let taken = 0;
    for await (const attempt of attempts(receiver, new Date())) {
      const { family, what } = attempt;
      const count = (counts.get(family) ?? 0) + 1;
      counts.set(family, count);
      // No client can send them: workerd refuses what is no Latin-1.
      if (count % oneOf[family] !== 1 || what.endsWith("in Latin-1")) continue;
      const { status } = await answerTo(attempt);
      const letIn = status < 300;
      if (letIn) taken += 1;
      // 503 says that SNS's certificate did not come, or that events could not be stored, which none may cause.
      if (status >= 500 && !(status === 503 && receiver.provider === "ses" && family !== "hostile-signed")) {
        wrong.push(`${status} ${family}: ${what}`);
      }
      if (letIn && !uncovered.some((line) => isAbout(line, attempt))) wrong.push(`let in ${family}: ${what}`);
    }
    expect(wrong).toEqual([]);
    expect(taken).toBeGreaterThan(10);
    // What was stored can be read.
    expect((await call("GET", `/v1/messages/${messages[0]!.id}`)).status).toBe(200);
  });
});
