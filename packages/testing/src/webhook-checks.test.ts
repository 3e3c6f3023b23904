import { expect, test } from "vitest";
import type { RawWebhook, SignatureScheme, VerifyTools, WebhookSource } from "carillon";
import { ConfigurationError } from "carillon";
import { webhookChecks, type WebhookSuite } from "./webhook-checks.ts";
import { basicKey, headerKey, standardWebhooksKey, type WebhookKey } from "./webhook-keys.ts";

// The kit on trial: a receiver written here, sound or broken in one known way. A kit that passes a broken one is broken.

const first = standardWebhooksKey({ secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", headerPrefix: "webhook-" });
const second = standardWebhooksKey({ secret: "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", headerPrefix: "webhook-" });

const request = `POST https://example.com/hook
content-type: application/json

{"id":"e1","type":"delivered"}`;
const fixtures = {
  "./fixtures/webhook/delivered/request.http": request,
  "./fixtures/webhook/delivered/events.json": JSON.stringify([
    {
      id: "e1",
      provider: "acme",
      type: "delivered",
      occurredAt: "2026-01-02T03:04:05.000Z",
      providerType: "delivered",
    },
  ]),
};

function bytes(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

function strictBytes(base64: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    const decoded = bytes(base64);
    return btoa(String.fromCharCode(...decoded)) === base64 ? decoded : undefined;
  } catch {
    return undefined;
  }
}

function compact(body: Uint8Array<ArrayBuffer>): string {
  const text = new TextDecoder().decode(body);
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return text;
  }
}

interface Flaws {
  readonly decode?: (text: string) => Uint8Array<ArrayBuffer> | undefined;
  readonly toleranceSeconds?: number | undefined;
  readonly reserialises?: boolean;
  readonly acceptsBlank?: boolean;
}

function scheme(secret: string | readonly string[], flaws: Flaws = {}): SignatureScheme {
  const { decode = strictBytes, reserialises = false, acceptsBlank = false } = flaws;
  const secrets = typeof secret === "string" ? [secret] : [...(secret ?? [])];
  if (!acceptsBlank && (secrets.length === 0 || !secrets.every((each) => each.trim()))) {
    throw new ConfigurationError("acme", ['option "secret" must not be blank']);
  }
  const keys = secrets.map((each) => bytes(each.trim().replace(/^whsec_/, "") || "AAAA"));
  const header = (headers: Headers, name: string): string => headers.get(`webhook-${name}`) ?? "";
  return {
    kind: "hmac",
    covers: "body",
    headers: ["webhook-id", "webhook-timestamp", "webhook-signature"],
    toleranceSeconds: "toleranceSeconds" in flaws ? flaws.toleranceSeconds : 300,
    timestampSeconds: ({ headers }) => Number(header(headers, "timestamp")),
    async verify({ headers, body }) {
      const signatures = header(headers, "signature")
        .split(" ")
        .flatMap((entry) => (entry.startsWith("v1,") ? (decode(entry.slice(3)) ?? []) : []));
      const head = `${header(headers, "id")}.${header(headers, "timestamp")}.`;
      for (const each of reserialises ? [body, compact(body)] : [body]) {
        const signed = await new Blob([head, each]).arrayBuffer();
        for (const key of keys)
          for (const signature of signatures) if (await holds(key, signature, signed)) return true;
      }
      return false;
    },
  };
}

async function holds(key: BufferSource, signature: BufferSource, signed: ArrayBuffer): Promise<boolean> {
  const imported = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
  return crypto.subtle.verify("HMAC", imported, signature, signed);
}

const parse: WebhookSource["parse"] = ({ json }) => {
  const event = json as { readonly id?: unknown; readonly type?: unknown } | null | undefined;
  if (event?.type !== "delivered") return { events: [] };
  return {
    events: [
      {
        id: String(event.id),
        provider: "acme",
        type: "delivered",
        occurredAt: new Date("2026-01-02T03:04:05Z"),
        providerType: "delivered",
        raw: json,
      },
    ],
  };
};

function suite(create: (secret: string | readonly string[]) => WebhookSource): WebhookSuite<string> {
  return { create, keys: [first, second], fixtures };
}

const sound: WebhookSuite<string> = suite((secret) => ({ id: "acme", scheme: scheme(secret), parse }));

/** Names of the checks that do not hold. */
async function failures<O>(subject: WebhookSuite<O>): Promise<readonly string[]> {
  const failed: string[] = [];
  for (const { name, run } of webhookChecks(subject)) {
    try {
      await run();
    } catch {
      failed.push(name);
    }
  }
  return failed;
}

const bodyCheck = "delivered: is rejected with any byte of its body changed";

test("passes a sound receiver", async () => {
  expect(await failures(sound)).toEqual([]);
  expect(webhookChecks(sound).length).toBeGreaterThan(25);
});

test("fails a receiver whose verification was removed", async () => {
  const failed = await failures(
    suite((secret) => {
      scheme(secret);
      return { id: "acme", scheme: { kind: "custom", covers: "body", headers: [], verify: async () => true }, parse };
    }),
  );
  expect(failed).toEqual([
    "rejects any character of the signature's headers changed",
    "rejects the signature in another spelling",
    "rejects a request that lacks one of the signature's headers",
    "rejects an empty or truncated signature",
    "rejects a signature that is too old",
    "rejects a signature from too far ahead",
    "accepts several signatures of which one is right, and rejects several wrong ones",
    bodyCheck,
    "rejects another secret",
    "rejects a request without signature",
  ]);
});

test("fails a receiver that parses before it verifies", async () => {
  const failed = await failures(
    suite((secret) => {
      const source: WebhookSource = {
        id: "acme",
        scheme: scheme(secret),
        parse,
      };
      const honest = source.scheme;
      return Object.assign(source, {
        scheme: {
          ...honest,
          verify: (raw: RawWebhook, tools: VerifyTools) => {
            source.parse({ ...raw, text: "", json: {} } as Parameters<WebhookSource["parse"]>[0]);
            return honest.verify(raw, tools);
          },
        },
      });
    }),
  );
  expect(failed).toEqual(expect.arrayContaining([bodyCheck, "rejects another secret"]));
});

test.each([
  ["verifies what it parsed and wrote anew", { reserialises: true }, [bodyCheck]],
  [
    "decodes leniently",
    {
      decode: (text: string) =>
        bytes(
          text
            .replaceAll("-", "+")
            .replaceAll("_", "/")
            .replace(/[^\w+/]/g, "")
            .slice(0, 43),
        ),
    },
    ["rejects the signature in another spelling"],
  ],
  [
    "has no tolerance where the specification has one",
    { toleranceSeconds: undefined },
    ["rejects a signature that is too old", "rejects a signature from too far ahead"],
  ],
  [
    "takes blank secrets",
    { acceptsBlank: true },
    ["refuses to be made with an empty secret", "refuses to be made with an empty list"],
  ],
] as const)("fails a receiver that %s", async (_, flaws, expected) => {
  const failed = await failures(suite((secret) => ({ id: "acme", scheme: scheme(secret, flaws), parse })));
  expect(failed).toEqual(expect.arrayContaining([...expected]));
  expect(failed).not.toContain("delivered: is accepted and means its events");
});

test("fails a receiver that knows the first of two secrets only", async () => {
  const failed = await failures(
    suite((secret) => {
      scheme(secret);
      return { id: "acme", scheme: scheme(typeof secret === "string" ? secret : secret[0]!), parse };
    }),
  );
  expect(failed).toEqual(["accepts either secret while both are configured"]);
});

test("fails a parser that throws, and one that makes no list", async () => {
  const throwing = await failures(
    suite((secret) => ({
      id: "acme",
      scheme: scheme(secret),
      parse: (webhook) => (webhook.json === null ? parse(undefined as never) : parse(webhook)),
    })),
  );
  expect(throwing).toEqual(["parses null to a list of events when it is signed"]);
  const listless = await failures(
    suite((secret) => ({
      id: "acme",
      scheme: scheme(secret),
      parse: (webhook) => (webhook.json === 1 ? { events: 7 as never } : parse(webhook)),
    })),
  );
  expect(listless).toEqual(["parses 1 to a list of events when it is signed"]);
});

test("fails a fixture that means something else", async () => {
  const wrong = { ...fixtures, "./fixtures/webhook/delivered/events.json": "[]" };
  expect(await failures({ ...sound, fixtures: wrong })).toEqual(["delivered: is accepted and means its events"]);
});

test("refuses fixtures that it does not know, and none at all", () => {
  expect(() =>
    webhookChecks({ ...sound, fixtures: { ...fixtures, "./fixtures/webhook/delivered/event.json": "" } }),
  ).toThrow(/has only/);
  expect(() => webhookChecks({ ...sound, fixtures: { "./fixtures/webhok/delivered/request.http": "" } })).toThrow(
    /lies in/,
  );
  expect(() => webhookChecks({ ...sound, fixtures: {} })).toThrow(/look at the glob/);
});

function credential<O extends object>(
  keys: readonly [WebhookKey<O>, WebhookKey<O>],
  create: (option: O) => SignatureScheme,
): WebhookSuite<O> {
  return {
    keys,
    fixtures,
    create: (option) => {
      if (Object.values(option as O).some((value) => !String(value ?? "").trim())) {
        throw new ConfigurationError("acme", ["blank"]);
      }
      return { id: "acme", scheme: create(option as O), parse };
    },
  };
}

const basic = [
  basicKey({ username: "carillon", password: "Correct horse" }),
  basicKey({ username: "other", password: "Battery staple" }),
] as const;
const header = [
  headerKey({ header: "X-Token", value: "Correct-Horse" }),
  headerKey({ header: "X-Token", value: "Battery-Staple" }),
] as const;

test("passes sound credentials, and fails ones that are not compared whole", async () => {
  const basicScheme = ({ username, password }: { username: string; password: string }): SignatureScheme => ({
    kind: "credential",
    covers: "nothing",
    headers: ["authorization"],
    verify: async ({ headers }) => headers.get("authorization") === `Basic ${btoa(`${username}:${password}`)}`,
  });
  expect(await failures(credential(basic, basicScheme))).toEqual([]);
  const lenient = await failures(
    credential(basic, (option) => ({
      kind: "custom",
      covers: "fields",
      headers: [],
      verify: async ({ headers }) => {
        const [user] = atob((headers.get("authorization") ?? "").slice(6)).split(":");
        return user === option.username;
      },
    })),
  );
  expect(lenient).toEqual([
    "says of its scheme what the signature covers",
    "rejects every credential but the right one",
  ]);
  const prefix = await failures(
    credential(header, ({ value }) => ({
      kind: "custom",
      covers: "body",
      headers: [],
      verify: async ({ headers }) => value.startsWith(headers.get("x-token") ?? "-"),
    })),
  );
  expect(prefix).toContain("rejects every credential but the right one");
});
