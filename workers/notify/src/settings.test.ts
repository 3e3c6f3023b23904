import type { Guard } from "carillon";
import { describe, expect, it } from "vitest";
import type { Env } from "./env.ts";
import { mustRefuse, readSettings } from "./settings.ts";

const secrets = {
  RESEND_API_KEY: "re_0000000000000000",
  POSTMARK_SERVER_TOKEN: "51000000-0000-4000-8000-000000000000",
  SENDGRID_API_KEY: "SG.0000000000000000.000000",
};

const settings = (variables: object): ReturnType<typeof readSettings> => readSettings(variables as unknown as Env);

/** What the guard makes of an address: `live`, or whether it passes. */
async function passes(guard: Guard, key: string): Promise<unknown> {
  if (guard === "live") return guard;
  const message = { channel: "email", message: {}, addresses: [{ key, label: key, secrets: [] }] };
  const decision = await guard(message as unknown as Parameters<typeof guard>[0]);
  return "pass" in decision && decision.pass;
}

describe("the guard of a deployment", () => {
  const allow = '{"allow":{"email":["*@example.com"]}}';

  it.each<[string, object, unknown]>([
    ["production sends", { ENVIRONMENT: "production" }, "live"],
    ["production ignores GUARD", { ENVIRONMENT: "production", GUARD: allow }, "live"],
    ["staging captures", { ENVIRONMENT: "staging" }, false],
    ["staging lets through what GUARD allows", { ENVIRONMENT: "staging", GUARD: allow }, true],
    ["an environment that is not set captures, whatever GUARD says", { GUARD: allow }, false],
    ["so does one that is not known", { ENVIRONMENT: "Production", GUARD: allow }, false],
    ["a GUARD that is no JSON captures", { ENVIRONMENT: "staging", GUARD: "{allow" }, false],
    ["a GUARD that is null captures", { ENVIRONMENT: "staging", GUARD: "null" }, false],
    ["a GUARD without a rule captures", { ENVIRONMENT: "staging", GUARD: '{"alow":{}}' }, false],
    ["a GUARD of the wrong type captures", { ENVIRONMENT: "staging", GUARD: '{"allow":"*"}' }, false],
  ])("%s", async (_, variables, expected) => {
    expect(await passes(settings(variables).guard, "ada@example.com")).toBe(expected);
    if (expected === true) expect(await passes(settings(variables).guard, "ada@example.org")).toBe(false);
  });

  it("says what is wrong by its name, and never the value", () => {
    const { problems } = settings({
      ENVIRONMENT: "prod-eu",
      SHARDS: "many",
      ON_UNKNOWN: "holdd",
      PLAN: "gratis",
      PROVIDERS: "resend,carrierpigeon",
      ADMIN_API_KEY: "short-secret",
      RESEND_API_KEY: " ",
    });
    for (const name of ["ENVIRONMENT", "SHARDS", "ON_UNKNOWN", "PLAN", "PROVIDERS", "ADMIN_API_KEY"]) {
      expect(problems.join("\n")).toContain(name);
    }
    expect(problems.join("\n")).not.toMatch(/prod-eu|many|holdd|gratis|carrierpigeon|short-secret/);
  });
});

describe("the providers of a deployment", () => {
  const ids = (variables: object): string[] => settings(variables).providers.email?.map(({ id }) => id) ?? [];

  it("are those whose secrets are there", () => {
    expect(ids({})).toEqual([]);
    expect(ids({ POSTMARK_SERVER_TOKEN: secrets.POSTMARK_SERVER_TOKEN, RESEND_API_KEY: "" })).toEqual(["postmark"]);
  });

  it("come in the order of PROVIDERS, each once, and no others", () => {
    expect(ids({ ...secrets, PROVIDERS: "sendgrid, resend" })).toEqual(["sendgrid", "resend"]);
    expect(ids({ ...secrets, PROVIDERS: "resend,resend,postmark,resend" })).toEqual(["resend", "postmark"]);
    expect(ids({ ...secrets, PROVIDERS: " " })).toHaveLength(3);
  });

  it("are switched off one by one when misconfigured, without the secret in what is said", () => {
    const { providers, webhooks, problems } = settings({
      ...secrets,
      RESEND_WEBHOOK_SECRET: "whsec_not base64!",
      POSTMARK_WEBHOOK_USERNAME: "u",
      POSTMARK_WEBHOOK_PASSWORD: "p",
    });
    expect(providers.email).toHaveLength(3);
    expect([...webhooks.keys()]).toEqual(["postmark"]);
    expect(problems).toHaveLength(2);
    expect(problems.join()).not.toContain("not base64!");
  });
});

describe("other settings", () => {
  it("have their defaults, and are bounded", () => {
    expect(settings({})).toMatchObject({ shards: 16, freePlan: false, onUnknown: "resend" });
    expect(settings({ SHARDS: "256", ON_UNKNOWN: "hold" })).toMatchObject({ shards: 256, onUnknown: "hold" });
    expect(settings({ SHARDS: "64", PLAN: "free" })).toMatchObject({ shards: 16, freePlan: true });
    for (const SHARDS of ["0", "257", "1.5", "x", ""]) expect(settings({ SHARDS }).shards).toBe(16);
  });

  it("refuse to serve production with the simulator, and only that", () => {
    const SIMULATOR = { fetch: () => undefined };
    const refuses = (variables: object): boolean => mustRefuse(variables as Env, settings(variables as never));
    expect(refuses({ ENVIRONMENT: "production", SIMULATOR })).toBe(true);
    expect(refuses({ ENVIRONMENT: "production" })).toBe(false);
    expect(refuses({ ENVIRONMENT: "development", SIMULATOR })).toBe(false);
  });
});

describe("whose pages may ask", () => {
  const origins = (ALLOWED_ORIGINS: string, ENVIRONMENT = "production"): [string[], number] => {
    const { recipients, problems } = settings({ ALLOWED_ORIGINS, ENVIRONMENT });
    return [[...recipients.origins], problems.filter((problem) => problem.startsWith("ALLOWED_ORIGINS")).length];
  };

  it("are origins, exactly", () => {
    expect(origins("https://a.example, https://b.example:8443")).toEqual([
      ["https://a.example", "https://b.example:8443"],
      0,
    ]);
  });

  it.each(["*", "https://*.example", "a.example", "https://a.example/", "https://A.example", "http://a.example", ""])(
    "are not %o, and that is said",
    (text) => {
      const [found, problems] = origins(`https://b.example,${text}`);
      expect([found, problems]).toEqual([["https://b.example"], 1]);
    },
  );

  it("may be http where it is not for production", () => {
    expect(origins("http://localhost:5173", "development")).toEqual([["http://localhost:5173"], 0]);
  });
});
