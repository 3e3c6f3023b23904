import { describe, expect, it } from "vitest";
import * as v from "valibot";
import { expandRequest } from "../src/accept/expand-request.ts";
import { notificationRequest } from "../src/accept/request.ts";
import type { Settings } from "../src/settings.ts";
import { call } from "./service.ts";
import { everything } from "./shards.ts";
import { resends } from "./steps.ts";

// A route that cannot be meant: the answer names the field, and nothing is written.

const sendAt = new Date(Date.now() + 3_600_000).toISOString();
const content = {
  email: { from: "app@example.org", subject: "Hello", text: "Hello" },
  sms: { text: "Hello" },
};
const to = { email: "ada@simulator.test", sms: "+15005550010" };
const email = { channel: "email" };
const sms = { channel: "sms" };
const good = { to, content, route: [email, { ...sms, after: "2m", unless: "opened" }], sendAt };

const withRoute = (...route: readonly unknown[]): object => ({ ...good, route });
/** With the contents that such a route needs. */
const routed = (needed: Partial<typeof content>, ...route: readonly object[]): object => ({
  ...good,
  content: needed,
  route,
});
const withContent = (more: object): object => ({ ...good, content: { ...content, ...more } });
const without = (name: keyof typeof content): object => ({ ...good, content: { ...content, [name]: undefined } });

const manySteps = (count: number): object =>
  routed(
    { sms: content.sms },
    ...Array.from({ length: count }, (_, index) => ({ ...sms, ...(index > 0 && { after: "1m" }) })),
  );

interface Problem {
  readonly errors: readonly { readonly field: string; readonly detail: string }[];
}

async function errorsOf(path: string, body: object): Promise<Problem["errors"]> {
  const response = await call("POST", path, { body });
  expect(response.status).toBe(422);
  return (await response.json<Problem>()).errors;
}

describe("a route that cannot be meant names the field and writes nothing:", () => {
  it.each<[string, object, string, RegExp]>([
    ["an empty route", withRoute(), "route", /at least one step/],
    ["one that is no list", { ...good, route: { email, sms } }, "route", /list of steps/],
    ["more steps than ten", manySteps(11), "route", /at most 10 steps/],
    [
      "more channels than sixteen",
      withRoute(
        ...Array.from({ length: 9 }, (_, index) => ({
          all: [email, sms],
          ...(index > 0 && { after: "1m" }),
        })),
      ),
      "route",
      /at most 16 channels/,
    ],
    ["a step that is no object", withRoute(email, "sms"), "route.1", /object/],
    ["a step within a step", withRoute({ all: [email, { all: [sms] }] }), "route.0.all.1.all", /not a field/],
    ["a step that names another", withRoute(email, { goto: 0 }), "route.1.goto", /not a field/],
    ["an unknown channel", withRoute(email, { channel: "fax" }), "route.1.channel", /one of email/],
    [
      "an unknown channel of several",
      withRoute({ all: [email, { channel: "fax" }] }),
      "route.0.all.1.channel",
      /one of/,
    ],
    ["no channel", withRoute(email, { after: "1m" }), "route.1.channel", /required/],
    [
      "a channel without a provider",
      withRoute(email, { channel: "slack", content: { text: "x" } }),
      "route.1.channel",
      /no provider/,
    ],
    ["a channel and several", withRoute({ ...email, all: [email, sms] }), "route.0.channel", /not both/],
    ["one channel of several", withRoute({ all: [email] }), "route.0.all", /at least two/],
    ["content beside several channels", withRoute({ all: [email, sms], content: {} }), "route.0.content", /belongs to/],
    [
      "providers beside several channels",
      withRoute({ all: [email, sms], providers: ["resend"] }),
      "route.0.providers",
      /belongs to/,
    ],
    ["`after` on the first step", withRoute({ ...email, after: "1m" }, sms), "route.0.after", /first step/],
    ["`unless` on the first step", withRoute({ ...email, unless: "opened" }, sms), "route.0.unless", /first step/],
    [
      "`after` on one channel of several",
      withRoute({ all: [email, { ...sms, after: "1m" }] }),
      "route.0.all.1.after",
      /not a field/,
    ],
    ["`after` that is no time", withRoute(email, { ...sms, after: "soon" }), "route.1.after", /duration/],
    ["`after` of nothing", withRoute(email, { ...sms, after: "0s" }), "route.1.after", /more than zero/],
    ["`after` of more than a year", withRoute(email, { ...sms, after: "367d" }), "route.1.after", /at most 366 days/],
    [
      "an unknown condition",
      withRoute(email, { ...sms, unless: "bounced" }),
      "route.1.unless",
      /delivered, opened, clicked/,
    ],
    [
      "a condition that no earlier channel reports",
      withRoute(sms, { ...email, after: "1h", unless: "opened" }),
      "route.1.unless",
      /no earlier step is ever known as opened \(sms reports delivered\)/,
    ],
    ["a way that is taken again at once", withRoute(sms, sms), "route.1.channel", /repeats route\.0/],
    [
      "one that is taken again behind another",
      withRoute(sms, { ...email, after: "1h" }, { ...sms, unless: "clicked" }),
      "route.2.channel",
      /repeats route\.0/,
    ],
    [
      "the same content, written out",
      withRoute(sms, { ...sms, content: { text: "Hello" } }),
      "route.1.channel",
      /repeats/,
    ],
    ["a channel twice at once", withRoute({ all: [sms, sms] }), "route.0.all.1.channel", /repeats route\.0\.all\.0/],
    ["no content for a step", without("sms"), "content.sms", /required/],
    ["no content at all", { ...good, content: undefined }, "content.email", /required/],
    ["content of one channel, not by channel", { ...good, content: content.email }, "content.subject", /by channel/],
    ["content that no step sends", withContent({ slack: { text: "x" } }), "content.slack", /no step/],
    ["content of an unknown channel", withContent({ fax: {} }), "content.fax", /by channel/],
    ["content that is no object", withContent({ sms: "Hello" }), "content.sms", /object/],
    ["a wrong content", withContent({ email: { ...content.email, subject: 5 } }), "content.email.subject", /./],
    ["an unknown field of a content", withContent({ sms: { text: "x", font: "y" } }), "content.sms.font", /./],
    [
      "a wrong content of a step",
      routed({ email: content.email }, email, { ...sms, content: { text: 5 } }),
      "route.1.content.text",
      /./,
    ],
    [
      "reserved metadata",
      withContent({ sms: { text: "x", metadata: { carillon_x: "y" } } }),
      "content.sms.metadata.carillon_x",
      /./,
    ],
    ["an unknown provider", withRoute({ ...email, providers: ["pigeon"] }, sms), "route.0.providers.0", /./],
    ["a provider of another channel", withRoute({ ...email, providers: ["twilio"] }, sms), "route.0.providers.0", /./],
    ["`channel` beside the route", { ...good, channel: "email" }, "channel", /not both/],
    ["`providers` beside the route", { ...good, providers: ["resend"] }, "providers", /a step/],
    ["`envelope` beside the route", { ...good, envelope: true }, "envelope", /alone/],
    ["neither a channel nor a route", { ...good, route: undefined }, "channel", /required/],
    ["an address that is not by channel", { ...good, to: "ada@simulator.test" }, "to", /by channel/],
    ["one in the list", { ...good, to: [to, "ada@simulator.test"] }, "to.1", /by channel/],
    ["nobody", { ...good, to: [] }, "to", /at least one person/],
    ["a person without an address", { ...good, to: {} }, "to", /email, sms/],
    ["a person without one on the route", { ...good, to: [to, { slack: "C01" }] }, "to.1", /email, sms/],
    ["an unknown channel of a person", { ...good, to: { ...to, fax: "1" } }, "to.fax", /one of/],
    ["a bad address", { ...good, to: { ...to, sms: "12" } }, "to.sms", /./],
    ["a bad address of several", { ...good, to: [{ ...to, email: ["a@simulator.test", "b"] }] }, "to.0.email.1", /./],
    ["no address of several", { ...good, to: { ...to, email: [] } }, "to.email", /1 to 20/],
    [
      "too many of one person",
      { ...good, to: { ...to, email: Array.from({ length: 21 }, (_, n) => `a${n}@simulator.test`) } },
      "to.email",
      /1 to 20/,
    ],
    ["a list in the list", { ...good, to: { ...to, email: [["a@simulator.test"]] } }, "to.email.0", /one address/],
    [
      "1,001 people",
      { ...good, to: Array.from({ length: 1_001 }, (_, n) => ({ sms: `+1500555${1000 + n}` })) },
      "to",
      /at most 1000/,
    ],
    [
      "5,001 addresses",
      {
        ...good,
        to: Array.from({ length: 834 }, (_, n) => ({
          email: Array.from({ length: 6 }, (__, m) => `a${n}-${m}@simulator.test`),
        })),
      },
      "to",
      /at most 5000 addresses/,
    ],
    ["an unknown category", { ...good, category: "gossip" }, "category", /one of/],
  ])("%s", async (_, body, field, detail) => {
    const before = await everything();
    const errors = await errorsOf("/v1/notifications", body);
    const found = errors.find((error) => error.field === field);
    expect(found?.detail, JSON.stringify(errors)).toMatch(detail);
    expect(await everything()).toBe(before);
  });

  it("in a batch and in a schedule, with its place there", async () => {
    const bad = withRoute({ ...email, after: "1m" });
    const [inBatch] = await errorsOf("/v1/notifications/batch", { notifications: [good, bad] });
    expect(inBatch?.field).toBe("notifications.1.route.0.after");
    const { sendAt: _, ...notification } = bad as Record<string, unknown>;
    const [inSchedule] = await errorsOf("/v1/schedules", { cron: "0 9 * * *", notification });
    expect(inSchedule?.field).toBe("notification.route.0.after");
  });

  it("names each mistake once, however many steps have it", async () => {
    const errors = await errorsOf("/v1/notifications", { ...good, category: "gossip" });
    expect(errors).toHaveLength(1);
  });

  it("counts people, and what is sent to them at once, over a whole batch", async () => {
    const all = (count: number, addresses: number, name: string): object => ({
      ...routed({ email: content.email, sms: content.sms }, { all: [email, sms] }),
      to: Array.from({ length: count }, (_, n) => ({
        email: Array.from({ length: addresses }, (__, m) => `${name}${n}-${m}@simulator.test`),
        sms: `+1500555${1000 + n}`,
      })),
    });
    const batch = (...notifications: readonly object[]): Promise<Response> =>
      call("POST", "/v1/notifications/batch", { body: { notifications } });
    expect((await batch(all(500, 1, "a"), all(500, 1, "b"))).status).toBe(202);
    for (const [body, detail] of [
      [[all(500, 1, "a"), all(501, 1, "b")], "expected at most 1000 recipients in all"],
      [[all(300, 9, "a"), all(300, 9, "b")], "expected at most 5000 first messages in all"],
    ] as const) {
      const response = await batch(...body);
      expect(await response.json()).toMatchObject({ status: 422, errors: [{ field: "notifications", detail }] });
    }
  });

  it("repeats nothing that was sent", async () => {
    const text = JSON.stringify(await errorsOf("/v1/notifications", { ...good, to: { sms: "s3cret" } }));
    expect(text).not.toContain("s3cret");
  });
});

describe("a route that looks odd is taken:", () => {
  it.each<[string, object]>([
    ["one step", routed({ email: content.email }, email)],
    ["ten", manySteps(10)],
    [
      "the same again after a time",
      routed({ email: content.email }, email, { ...email, after: "1d", unless: "opened" }),
    ],
    [
      "the same channel with another content at once",
      routed({ sms: content.sms }, sms, { ...sms, content: { text: "Please" } }),
    ],
    ["a condition that a stronger report meets", withRoute(email, { ...sms, unless: "delivered" })],
    ["an address that its steps do not need", { ...good, to: { ...to, slack: "C0123456789" } }],
    ["a person who has no address for a step", { ...good, to: { sms: to.sms } }],
    ["content for each step alone", { to, sendAt, route: [{ ...email, content: content.email }] }],
  ])("%s", async (_, body) => {
    const response = await call("POST", "/v1/notifications", { body });
    expect(response.status, await response.clone().text()).toBe(202);
  });

  it("says so where its condition can be met, and this deployment hears of nothing", async () => {
    const request = v.parse(notificationRequest, good);
    const told = async (settings: Settings): Promise<unknown> => {
      const expanded = await expandRequest(request, settings, new Date());
      return expanded.ok && expanded.notices;
    };
    expect(await told(resends)).toEqual([]);
    expect(await told({ ...resends, webhooks: new Map() })).toEqual([
      {
        field: "route.1.unless",
        detail: "is never met as things are: this deployment hears nothing back from postmark, resend, sendgrid",
      },
    ]);
  });

  it("says so where a step comes after the end", async () => {
    const response = await call("POST", "/v1/notifications", { body: { ...good, ttl: "1m" } });
    expect(await response.json()).toMatchObject({
      notices: [{ field: "route.1.after", detail: "ends after it expires: only a failure starts this step in time" }],
    });
  });
});
