import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ChannelId } from "../channels/channel.ts";
import { channelsById } from "../channels/index.ts";
import { ConfigurationError } from "../error/errors.ts";
import { allowlist, applyGuard, capture, redirect } from "./guard.ts";
import type { Guard, GuardDecision, GuardedMessage } from "./guard.ts";

/** What the notifier does with a message, up to the guard's decision. */
async function guardedOf(input: { readonly channel: ChannelId } & Record<string, unknown>): Promise<GuardedMessage> {
  const channel = channelsById[input.channel];
  const message = channel.normalise(input);
  if ("ok" in message) throw new Error(`${message.field}: ${message.detail}`);
  const addresses = await (channel.addresses as (of: typeof message) => ReturnType<typeof channel.addresses>)(message);
  return { channel: input.channel, message, addresses };
}

const email = (to: unknown, more: object = {}): Promise<GuardedMessage> =>
  guardedOf({ channel: "email", from: "app@example.com", to, subject: "Hi", text: "Hello", ...more });
const sms = (to: string): Promise<GuardedMessage> => guardedOf({ channel: "sms", to, text: "Hello" });
const fcm = (to: object): Promise<GuardedMessage> => guardedOf({ channel: "fcm", to, title: "Hello" });

async function passes(guard: Guard, guarded: Promise<GuardedMessage>): Promise<boolean> {
  const decision = await applyGuard(guard, await guarded);
  return "pass" in decision && decision.pass;
}

describe("applyGuard", () => {
  it("lets everything pass when it is live", async () => {
    expect(await applyGuard("live", await email("ada@example.com"))).toEqual({ pass: true });
  });

  it("takes the decisions that there are", async () => {
    const guarded = await email("ada@example.com");
    for (const decision of [{ pass: true }, { pass: false, reason: "no" }, { redirect: "x@y.example", reason: "r" }]) {
      expect(await applyGuard(async () => decision as GuardDecision, guarded)).toEqual(decision);
    }
  });

  const junk = [
    undefined,
    null,
    true,
    "live",
    1,
    {},
    [],
    { pass: "yes" },
    { pass: 1 },
    { pass: true, redirect: "x" },
    { redirect: "" },
    { redirect: 5 },
    { pass: false, redirect: "x" },
  ];
  it.each(junk.map((answer) => [JSON.stringify(answer) ?? "undefined", answer]))(
    "captures on the answer %s",
    async (_, answer) => {
      const guard = (() => answer) as unknown as Guard;
      expect(await applyGuard(guard, await email("ada@example.com"))).toMatchObject({ pass: false });
    },
  );

  it("captures when the guard throws, rejects or is none, and repeats nothing of it", async () => {
    const guards = [
      () => {
        throw new Error("ada@example.com");
      },
      () => Promise.reject(new Error("ada@example.com")),
      () => ({
        get pass(): true {
          throw new Error("ada@example.com");
        },
      }),
      undefined,
      "Live",
      {},
    ];
    for (const guard of guards) {
      const decision = await applyGuard(guard as Guard, await email("ada@example.com"));
      expect(decision).toEqual({ pass: false, reason: "the guard failed" });
    }
  });
});

describe("capture", () => {
  it("keeps everything, and hands it to the inbox", async () => {
    const inbox: GuardedMessage[] = [];
    const guarded = await email("ada@example.com");
    const guard = capture(async (kept) => {
      inbox.push(kept);
    });
    expect(await applyGuard(guard, guarded)).toMatchObject({ pass: false });
    expect(inbox).toEqual([guarded]);
    expect(await passes(capture(), email("ada@example.com"))).toBe(false);
  });

  it("keeps a message whose inbox fails", async () => {
    const guard = capture(() => {
      throw new Error("full");
    });
    expect(await passes(guard, email("ada@example.com"))).toBe(false);
  });
});

describe("allowlist", () => {
  const guard = allowlist({ email: ["*@example.com", "bob@other.example", "qa-*@bücher.example", "*@*.corp.example"] });

  it.each([
    "ada@example.com",
    "ADA@EXAMPLE.COM",
    "ada+tag@example.com",
    "bob@other.example",
    "Bob+anything@Other.Example",
    "qa-7@BÜCHER.example",
    "qa-7@xn--bcher-kva.example",
    "x@mail.corp.example",
    "x@a.b.corp.example",
  ])("lets %s pass", async (to) => expect(await passes(guard, email(to))).toBe(true));

  it.each([
    "x@example.com.evil.example",
    "x@evilexample.com",
    "x@sub.example.com",
    "example.com@evil.example",
    "bob@other.example.evil.example",
    "notbob@other.example",
    "bob@xother.example",
    "a+bob@other.example",
    "qa-7@bucher.example",
    "xqa-7@bücher.example",
    "x@corp.example",
    "x@evilcorp.example",
  ])("captures %s", async (to) => expect(await passes(guard, email(to))).toBe(false));

  it("captures the whole message for one address outside, whichever list it is in", async () => {
    for (const field of ["cc", "bcc"]) {
      expect(await passes(guard, email("ada@example.com", { [field]: "x@example.com" }))).toBe(true);
      expect(await passes(guard, email("ada@example.com", { [field]: ["x@example.com", "x@evil.example"] }))).toBe(
        false,
      );
    }
    expect(await passes(guard, email(["ada@example.com", { email: "x@evil.example", name: "x@example.com" }]))).toBe(
      false,
    );
  });

  it("names in its reason what may be shown, and no address", async () => {
    expect(await applyGuard(guard, await email("victim@evil.example"))).toEqual({
      pass: false,
      reason: "v***@evil.example is not on the allowlist",
    });
  });

  it("captures channels that are not named, and messages without an address", async () => {
    expect(await passes(guard, sms("+15005550006"))).toBe(false);
    expect(
      await passes(
        guard,
        email("ada@example.com").then((guarded) => ({ ...guarded, addresses: [] })),
      ),
    ).toBe(false);
    expect(await passes(allowlist({}), email("ada@example.com"))).toBe(false);
    const odd = { ...(await email("ada@example.com")), channel: "toString" as ChannelId };
    expect(await passes(guard, Promise.resolve(odd))).toBe(false);
  });

  it("does not take keys that no channel would make", async () => {
    const guarded = await email("ada@example.com");
    for (const key of [
      '"a@example.com"@evil.example',
      "a@evil.example@example.com",
      "a@example.com\n",
      "\na@example.com@x",
    ]) {
      const address = { key, label: "x", secrets: [] };
      expect(await passes(guard, Promise.resolve({ ...guarded, addresses: [address] }))).toBe(false);
    }
  });

  it("matches numbers whole, or by their beginning", async () => {
    const numbers = allowlist({ sms: ["+15005550006", "+4479*"] });
    expect(await passes(numbers, sms("+15005550006"))).toBe(true);
    expect(await passes(numbers, sms("+447911123456"))).toBe(true);
    expect(await passes(numbers, sms("+150055500061"))).toBe(false);
    expect(await passes(numbers, sms("+447811123456"))).toBe(false);
  });

  it("matches other channels by key or by the secret itself, exactly", async () => {
    const url = "https://hooks.slack.com/services/T0/B0/xyz";
    const slack = (to: unknown): Promise<GuardedMessage> => guardedOf({ channel: "slack", to, text: "Hello" });
    const ids = allowlist({ slack: ["C012", url] });
    expect(await passes(ids, slack("C012"))).toBe(true);
    expect(await passes(ids, slack("C0123"))).toBe(false);
    expect(await passes(ids, slack({ webhookUrl: url }))).toBe(true);
    expect(await passes(ids, slack({ webhookUrl: `${url}z` }))).toBe(false);
    expect(await passes(allowlist({ slack: ["T0/B0"] }), slack({ webhookUrl: url }))).toBe(true);
  });

  it("wants an exact entry for topics and conditions", async () => {
    const all = allowlist({ fcm: ["*"] });
    expect(await passes(all, fcm({ token: "abc" }))).toBe(true);
    expect(await passes(all, fcm({ topic: "news" }))).toBe(false);
    expect(await passes(all, fcm({ condition: "'a' in topics" }))).toBe(false);
    const exact = allowlist({ fcm: ["topic:news", "condition:'a' in topics", "abc"] });
    expect(await passes(exact, fcm({ topic: "news" }))).toBe(true);
    expect(await passes(exact, fcm({ topic: "news2" }))).toBe(false);
    expect(await passes(exact, fcm({ condition: "'a' in topics" }))).toBe(true);
    expect(await passes(exact, fcm({ token: "abc" }))).toBe(true);
    expect(await passes(exact, fcm({ token: "abcd" }))).toBe(false);
  });

  it.each<[object, number]>([
    [{ email: [""] }, 1],
    [{ email: ["*"] }, 1],
    [{ email: ["*@*"] }, 1],
    [{ email: ["*@*.com"] }, 1],
    [{ email: ["*@*example.com"] }, 1],
    [{ email: ["*@example.*"] }, 1],
    [{ email: ["@example.com", "example.com", "a@b@example.com", "Ada <a@example.com>", " a@example.com"] }, 5],
    [{ sms: ["*", "+*", "44*", "+44*5", ""] }, 5],
    [{ slack: ["C*", ""], fcm: ["topic:*"] }, 3],
    [{ email: [5], mail: ["a@example.com"], sms: "+44*" }, 3],
  ])("refuses %j with every problem at once", (lists, count) => {
    try {
      allowlist(lists);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigurationError);
      expect((error as ConfigurationError).problems).toHaveLength(count);
    }
  });

  it("lets no address out, however it is spelled", async () => {
    const local = fc.stringMatching(/^[a-z0-9]{1,5}([.+_-][a-z0-9]{1,5}){0,2}$/);
    const hosts = [
      "example.com",
      "Example.COM",
      "ｅｘａｍｐｌｅ.com",
      "example。com",
      "example.com.evil.org",
      "evil.org",
      "evil-example.com",
      "sub.example.com",
      "example.co",
      "exаmple.com" /* a Cyrillic а */,
      "bücher.example",
      "example.com@evil.org",
      "evil.org#@example.com",
      "example.com\\.evil.org",
      "example.com%2eevil.org",
      "example.com:25",
    ];
    const spelling = fc
      .tuple(
        local,
        fc.constantFrom("", "", "", "", "+x", "+@example.com", "@example.com", "%evil.org"),
        fc.oneof(
          fc.constantFrom("example.com", "Example.Com", "ｅｘａｍｐｌｅ.com", "example。com"),
          fc.constantFrom(...hosts),
        ),
        fc.constantFrom(0, 0, 0, 0, 1, 1, 1, 2, 3, 4),
      )
      .map(([name, extra, host, form]) => {
        const address = `${name}${extra}@${host}`;
        return (
          [
            address,
            address.toUpperCase(),
            `"${name}@example.com" <${address}>`,
            `"${name}@example.com"@${host}`,
            `${address},x@example.com`,
          ][form] ?? address
        );
      });
    const person = fc.oneof(spelling, fc.record({ email: spelling, name: fc.constantFrom("x@example.com", "Ada") }));
    const people = fc.oneof(person, fc.array(person, { minLength: 1, maxLength: 3 }));
    let passed = 0;
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(
        people,
        fc.option(people, { nil: undefined }),
        fc.option(people, { nil: undefined }),
        async (to, cc, bcc) => {
          const input = { channel: "email", from: "app@example.com", to, cc, bcc, subject: "Hi", text: "Hello" };
          const message = channelsById.email.normalise(input);
          if ("ok" in message) return void refused++;
          const guarded = {
            channel: "email" as const,
            message,
            addresses: await channelsById.email.addresses(message),
          };
          const decision = await applyGuard(allowlist({ email: ["*@example.com"] }), guarded);
          const everybody = [...message.to, ...message.cc, ...message.bcc].map((each) => each.email);
          // What a mail server would do with the bytes that a provider is handed: the host is what follows the last @.
          const isInside = everybody.every((address) => address.slice(address.lastIndexOf("@") + 1) === "example.com");
          expect("pass" in decision && decision.pass).toBe(isInside);
          if (isInside) passed++;
        },
      ),
      { numRuns: 2000 },
    );
    expect(passed).toBeGreaterThan(20);
    expect(refused).toBeGreaterThan(20);
  });
});

describe("redirect", () => {
  const guard = redirect({ email: "dev@example.com", sms: "+15005550006" });

  it("sends every message of a channel to one address, without cc and bcc", async () => {
    const guarded = await email(["ada@example.com", "bob@example.com"], { cc: "c@example.com", bcc: "d@example.com" });
    const decision = await applyGuard(guard, guarded);
    expect(decision).toMatchObject({ redirect: "dev@example.com" });
    if (!("redirect" in decision) || guarded.message?.channel !== "email") throw new Error("not redirected");
    const redirected = channelsById.email.withRecipient(guarded.message, decision.redirect);
    expect(redirected).toMatchObject({ to: [{ email: "dev@example.com" }], cc: [], bcc: [] });
  });

  it("captures channels that are not named", async () => {
    expect(await applyGuard(guard, await fcm({ topic: "news" }))).toMatchObject({ pass: false });
    expect(await applyGuard(redirect({ email: "dev@example.com" }), await sms("+15005550006"))).toMatchObject({
      pass: false,
    });
  });

  it.each([{ email: "" }, { email: "Dev <dev@example.com>" }, { sms: "500" }, { slack: "C012" }, { email: 5 }])(
    "refuses %j",
    (targets) => {
      expect(() => redirect(targets as Parameters<typeof redirect>[0])).toThrow(ConfigurationError);
    },
  );
});
