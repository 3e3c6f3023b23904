import { describe, expect, it } from "vitest";
import type { Env } from "../env.ts";
import { readSettings } from "../settings.ts";

const settings = (RATES?: string): ReturnType<typeof readSettings> =>
  readSettings({
    ENVIRONMENT: "production",
    RESEND_API_KEY: "re_0000000000000000",
    SENDGRID_API_KEY: "SG.0000000000000000.000000",
    DISCORD_ACCOUNT: "ours",
    SLACK_TOKEN: "none",
    ...(RATES === undefined ? {} : { RATES }),
  } as unknown as Env);

const documented = {
  "resend:default": { per: "request", perSecond: 2, burst: 2 },
  "discord:ours": { per: "request", perSecond: 50, burst: 50 },
};

describe("RATES", () => {
  it("leaves what the providers document where it says nothing; a rate for each recipient is none of the lane", () => {
    for (const text of [undefined, "", " ", "{}"]) {
      const { rates, problems } = settings(text);
      expect(Object.fromEntries(rates)).toEqual(documented);
      expect(problems).toEqual([]);
    }
  });

  it("changes, adds and lifts what it names, and no more", () => {
    const { rates, problems } = settings(
      '{"resend:default":{"perSecond":10,"burst":20},"sendgrid:default":{"perSecond":0.5},"discord:ours":null}',
    );
    expect(problems).toEqual([]);
    expect(Object.fromEntries(rates)).toEqual({
      "resend:default": { per: "request", perSecond: 10, burst: 20 },
      "sendgrid:default": { per: "request", perSecond: 0.5, burst: 1 },
    });
  });

  it.each([
    ["no JSON", "{"],
    ["a list", "[]"],
    ["a number", "5"],
    ["a provider without its account", '{"resend":{"perSecond":1}}'],
    ["a lane that is not there", '{"postmark:default":{"perSecond":1}}'],
    ["what an object inherits", '{"constructor":{"perSecond":1}}'],
    ["no rate", '{"resend:default":{}}'],
    ["an unknown limit", '{"resend:default":{"perSecond":1,"perMinute":1}}'],
    ["nothing at all a second", '{"resend:default":{"perSecond":0}}'],
    ["less than nothing", '{"resend:default":{"perSecond":-1}}'],
    ["too much", '{"resend:default":{"perSecond":1000001}}'],
    ["a number as text", '{"resend:default":{"perSecond":"1"}}'],
    ["a number alone", '{"resend:default":10}'],
    ["a list of numbers", '{"resend:default":[10]}'],
    ["half a permit", '{"resend:default":{"perSecond":1,"burst":0.5}}'],
    ["no burst", '{"resend:default":{"perSecond":1,"burst":0}}'],
    ["a burst that is null", '{"resend:default":{"perSecond":1,"burst":null}}'],
  ])("tells of %s and goes on as if it were not there", (_, text) => {
    const { rates, problems } = settings(text);
    expect(Object.fromEntries(rates)).toEqual(documented);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^RATES /);
  });

  it("says which lanes have failures that are one recipient's", () => {
    expect([...settings().perRecipient]).toEqual(["discord:ours", "slack:default"]);
  });
});
