import { describe, expect, test } from "vitest";
import { createNotifier } from "../../send/notifier.ts";
import { readRsaPem } from "../../crypto/rsa.ts";
import assertion from "./fixtures/assertion.json?raw";
import serviceAccountText from "./fixtures/service-account.json?raw";
import type { FcmServiceAccount } from "./options.ts";
import { fcm } from "./provider.ts";

const vector = JSON.parse(assertion) as { readonly iat: number; readonly body: string };
const serviceAccount = JSON.parse(serviceAccountText) as FcmServiceAccount;
const { private_key: pem } = serviceAccount;
const message = { channel: "fcm", to: { token: "t:1" }, title: "T" } as const;

interface Sent {
  readonly url: string;
  readonly headers: Headers;
  readonly body: string;
}

function setup(answers: readonly (() => Response)[], options: Partial<Parameters<typeof fcm>[0]> = {}) {
  const sent: Sent[] = [];
  const notifier = createNotifier({
    fcm: [fcm({ serviceAccount, ...options })],
    now: () => new Date(vector.iat * 1000 + 999),
    sleep: async () => {},
    fetch: async (url, { headers, body }) => {
      sent.push({ url, headers: new Headers(headers), body: body as string });
      return answers[sent.length - 1]?.() ?? Response.json({ name: "projects/demo-project/messages/1" });
    },
  });
  return { notifier, sent };
}

const grant = (token: string) => () => Response.json({ access_token: token, expires_in: 3599, token_type: "Bearer" });
const answer = (status: number, error: object) => () => Response.json(error, { status });

describe("an access token", () => {
  test("is asked for with the assertion that google-auth-library makes, byte for byte", async () => {
    const { notifier, sent } = setup([grant("ya29.a")]);
    expect(await notifier.send(message)).toMatchObject({
      ok: true,
      providerMessageId: "projects/demo-project/messages/1",
    });
    expect(sent[0]?.url).toBe("https://oauth2.googleapis.com/token");
    expect(sent[0]?.headers.get("content-type")).toBe("application/x-www-form-urlencoded");
    expect(sent[0]?.body).toBe(vector.body);
    expect(sent[1]?.headers.get("authorization")).toBe("Bearer ya29.a");
  });

  test.each([
    [400, { error: "invalid_grant", error_description: "Invalid JWT Signature." }, "unauthorized", "invalid_grant"],
    [401, { error: "invalid_client" }, "unauthorized", "invalid_client"],
    [200, { access_token: "a\nb", expires_in: 3599 }, "unexpected-response", undefined],
    [200, { access_token: "a", expires_in: "soon" }, "unexpected-response", undefined],
    [503, {}, "unavailable", undefined],
  ])("that is refused with %i %j sends nothing", async (status, error, kind, providerCode) => {
    const refusals = Array.from({ length: 9 }, () => answer(status, error));
    const { notifier, sent } = setup(refusals);
    const result = await notifier.send(message);
    expect(result).toMatchObject({ ok: false, kind, mayHaveBeenSent: false });
    expect(result.attempts.at(-1)).toMatchObject({ kind });
    expect(result.attempts.at(-1)?.providerCode).toBe(providerCode);
    expect(new Set(sent.map(({ url }) => url))).toEqual(new Set(["https://oauth2.googleapis.com/token"]));
    const [, jwt] = vector.body.split("assertion=");
    expect(JSON.stringify(result)).not.toContain(jwt);
  });

  test("is renewed when FCM no longer takes it", async () => {
    const expired = answer(401, { error: { code: 401, status: "UNAUTHENTICATED" } });
    const { notifier, sent } = setup([grant("old"), expired, grant("new")]);
    expect(await notifier.send(message)).toMatchObject({ ok: true });
    expect(sent.map(({ headers }) => headers.get("authorization"))).toEqual([null, "Bearer old", null, "Bearer new"]);
  });

  test("is kept when a 401 is about what Firebase has for APNs", async () => {
    const type = "type.googleapis.com/google.firebase.fcm.v1.FcmError";
    const details = [{ "@type": type, errorCode: "THIRD_PARTY_AUTH_ERROR" }];
    const { notifier, sent } = setup([grant("ya29.a"), answer(401, { error: { status: "UNAUTHENTICATED", details } })]);
    expect(await notifier.send(message)).toMatchObject({
      ok: false,
      kind: "rejected",
      providerCode: "THIRD_PARTY_AUTH_ERROR",
    });
    expect(sent).toHaveLength(2);
  });

  test("goes to another origin with everything else", async () => {
    const { notifier, sent } = setup([grant("ya29.a")], { baseUrl: "http://localhost:1/fcm.googleapis.com/" });
    await notifier.send(message);
    expect(sent.map(({ url }) => url)).toEqual([
      "http://localhost:1/fcm.googleapis.com/token",
      "http://localhost:1/fcm.googleapis.com/v1/projects/demo-project/messages:send",
    ]);
  });

  test("cannot be asked for with a key that WebCrypto does not take", async () => {
    const bytes = Uint8Array.from(readRsaPem(pem)!).fill(0, 40);
    const broken = `-----BEGIN PRIVATE KEY-----\n${btoa(String.fromCharCode(...bytes))}\n-----END PRIVATE KEY-----`;
    const { notifier, sent } = setup([], { serviceAccount: { ...serviceAccount, private_key: broken } });
    expect(await notifier.send(message)).toMatchObject({ ok: false, kind: "unauthorized", mayHaveBeenSent: false });
    expect(sent).toEqual([]);
  });
});

describe("a service account", () => {
  const refusalOf = (given: unknown): string => {
    try {
      fcm({ serviceAccount: given as FcmServiceAccount });
    } catch (error) {
      return (error as Error).message;
    }
    return "";
  };

  test.each([
    ["is no JSON", pem, ["project_id", "client_email", "private_key"]],
    ["is absent", undefined, ["project_id", "client_email", "private_key"]],
    [
      "is another kind of file",
      { type: "authorized_user", client_id: "x" },
      ["project_id", "client_email", "private_key"],
    ],
    ["has a project that is none", { ...serviceAccount, project_id: "a/b" }, ["project_id"]],
    ["has an address that is none", { ...serviceAccount, client_email: "me" }, ["client_email"]],
    ["has a key cut short", { ...serviceAccount, private_key: pem.replace(/\n.{30}/, "\n") }, ["private_key"]],
    ["has an EC key", { ...serviceAccount, private_key: pem.replace("MIIE", "MIGH") }, ["private_key"]],
    [
      "has a key in PKCS #1",
      { ...serviceAccount, private_key: pem.replaceAll("PRIVATE", "RSA PRIVATE") },
      ["private_key"],
    ],
    ["has a key that is no text", { ...serviceAccount, private_key: 1 }, ["private_key"]],
  ])("that %s is refused by the names of its fields, without their values", (_, given, fields) => {
    const said = refusalOf(given);
    const named = ["project_id", "client_email", "private_key"].filter((field) => said.includes(`${field} to be`));
    expect(named).toEqual(fields);
    for (const value of Object.values(serviceAccount)) expect(said).not.toContain(value);
    for (const line of pem.split("\n").slice(1, -2)) expect(said).not.toContain(line);
  });

  test("is taken as text, parsed, and with line breaks spelled out", () => {
    for (const given of [
      serviceAccountText,
      serviceAccount,
      { ...serviceAccount, private_key: pem.replaceAll("\n", "\\n") },
      { ...serviceAccount, private_key: pem.replaceAll("\n", "\r\n") },
    ]) {
      expect(refusalOf(given)).toBe("");
    }
  });
});
