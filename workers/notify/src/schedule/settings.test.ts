import { describe, expect, it } from "vitest";
import type { Env } from "../env.ts";
import { readScheduler } from "./settings.ts";
import type { SchedulerSettings } from "./settings.ts";

const complete = {
  SCHEDULER: "qstash",
  QSTASH_TOKEN: "eyJVc2VySUQiOiI",
  QSTASH_CURRENT_SIGNING_KEY: "sig_current",
  QSTASH_NEXT_SIGNING_KEY: "sig_next",
  PUBLIC_URL: "https://notify.example.com/",
};

type Variables = Readonly<Record<string, string | undefined>>;

function read(variables: Variables, isProduction = true): { found: SchedulerSettings; problems: readonly string[] } {
  const problems: string[] = [];
  return { found: readScheduler(variables as unknown as Env, isProduction, problems), problems };
}

describe("who wakes the shards", () => {
  it("is each shard itself, unless something else is said", () => {
    for (const SCHEDULER of [undefined, "alarm"]) {
      const { found, problems } = read({ SCHEDULER });
      expect([found, problems]).toEqual([{ wanted: "alarm", queue: undefined, receiver: undefined }, []]);
    }
  });

  it("is QStash, with its token, both signing keys and the public URL", () => {
    const jobsUrl = "https://notify.example.com/v1/jobs";
    const { found, problems } = read(complete);
    expect(problems).toEqual([]);
    expect(found).toEqual({
      wanted: "qstash",
      queue: { token: "eyJVc2VySUQiOiI", baseUrl: "https://qstash.upstash.io", jobsUrl },
      receiver: { currentSigningKey: "sig_current", nextSigningKey: "sig_next", jobsUrl },
    });
  });

  it("is QStash of the region that the token is of", () => {
    const { found } = read({ ...complete, QSTASH_URL: "https://qstash-us-east-1.upstash.io" });
    expect(found.queue?.baseUrl).toBe("https://qstash-us-east-1.upstash.io");
  });

  it("may be called without https in development only", () => {
    const local = { ...complete, PUBLIC_URL: "http://127.0.0.1:8787", QSTASH_URL: "http://127.0.0.1:9998/qstash" };
    expect(read(local, false).problems).toEqual([]);
    expect(read(local).problems).toHaveLength(2);
  });

  it.each<[string, Variables, RegExp]>([
    ["a scheduler that there is not", { SCHEDULER: "cron" }, /^SCHEDULER is not alarm or qstash/],
    ["no token", { QSTASH_TOKEN: undefined }, /^QSTASH_TOKEN is missing/],
    ["an empty token", { QSTASH_TOKEN: "" }, /^QSTASH_TOKEN is missing/],
    ["a token with a line's end", { QSTASH_TOKEN: "abc\n" }, /^QSTASH_TOKEN is missing, or is no token/],
    ["no current key", { QSTASH_CURRENT_SIGNING_KEY: undefined }, /^QSTASH_CURRENT_SIGNING_KEY is missing/],
    ["no next key", { QSTASH_NEXT_SIGNING_KEY: undefined }, /^QSTASH_NEXT_SIGNING_KEY is missing/],
    ["no public URL", { PUBLIC_URL: undefined }, /^PUBLIC_URL is not https:\/\//],
    [
      "a public URL with a path",
      { PUBLIC_URL: "https://notify.example.com/carillon" },
      /^PUBLIC_URL is not https:\/\//,
    ],
    ["a URL that is none", { QSTASH_URL: "qstash.upstash.io" }, /^QSTASH_URL is not/],
    ["a URL with a password", { QSTASH_URL: "https://a:b@qstash.upstash.io" }, /^QSTASH_URL is not/],
    [
      "a key that everybody knows",
      { QSTASH_NEXT_SIGNING_KEY: "sig_5ZB6DVzB1wjE8S6rZ7eenA8Pdnhs" },
      /^QSTASH_NEXT_SIGNING_KEY is a key of QStash's local server/,
    ],
  ])("is never half configured: with %s it is the alarm, and that is said", (_, wrong, expected) => {
    const { found, problems } = read({ ...complete, ...wrong });
    expect(found.queue).toBeUndefined();
    expect(problems).toEqual([expect.stringMatching(expected)]);
    expect(problems[0]).toMatch(/alarm is used/);
    for (const value of Object.values({ ...complete, ...wrong })) {
      if (value !== undefined && /^sig_|^eyJ|a:b@/.test(value)) expect(problems.join()).not.toContain(value);
    }
  });

  it("takes keys that everybody knows in development", () => {
    expect(read({ ...complete, QSTASH_NEXT_SIGNING_KEY: "sig_5ZB6DVzB1wjE8S6rZ7eenA8Pdnhs" }, false).problems).toEqual(
      [],
    );
  });

  it("still knows QStash's calls when the alarm is used again, and says nothing of what is missing then", () => {
    const { found, problems } = read({ ...complete, SCHEDULER: "alarm", QSTASH_TOKEN: undefined });
    expect(problems).toEqual([]);
    expect([found.queue, found.receiver?.nextSigningKey]).toEqual([undefined, "sig_next"]);
  });
});
