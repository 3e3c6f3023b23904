import { expect, test } from "vitest";
import { ConfigurationError } from "../../error/errors.ts";
import { toBase64Url } from "../../crypto/bytes.ts";
import { bytesOf, vapid } from "./fixtures/keys.ts";
import { settings, webpush, type WebPushOptions } from "./index.ts";

const { current, older } = vapid;
const point = bytesOf(current.publicKey);

function problemsOf(options: unknown): string {
  try {
    webpush(options as WebPushOptions);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    expect((error as Error).message).not.toContain(current.privateKey);
    return (error as ConfigurationError).problems.join("; ");
  }
  throw new Error("accepted");
}

test.each([
  ["no keys", undefined, "vapid: expected an object"],
  ["an empty list", [], "vapid: expected an object"],
  ["no subject", { ...current, subject: undefined }, "vapid.subject: expected a mailto: or https: URL"],
  ["an address without a scheme", { ...current, subject: "ops@example.com" }, "vapid.subject"],
  [
    "an address in brackets, which Apple refuses",
    { ...current, subject: "mailto: <ops@example.com>" },
    "vapid.subject",
  ],
  ["localhost, which Apple refuses", { ...current, subject: "https://localhost/" }, "vapid.subject"],
  ["an address at localhost", { ...current, subject: "mailto:ops@localhost" }, "vapid.subject"],
  [
    "a public key of 64 bytes",
    { ...current, publicKey: toBase64Url(point.subarray(1)) },
    "vapid.publicKey: expected 65",
  ],
  [
    "a compressed public key",
    { ...current, publicKey: toBase64Url(Uint8Array.of(2, ...point.subarray(1, 33))) },
    "vapid.publicKey: expected 65 bytes",
  ],
  [
    "a public key that is neither",
    { ...current, publicKey: toBase64Url(Uint8Array.of(5, ...point.subarray(1))) },
    "vapid.publicKey: expected 65 bytes",
  ],
  ["a public key with padding", { ...current, publicKey: `${current.publicKey}=` }, "vapid.publicKey"],
  [
    "a private key of 31 bytes",
    { ...current, privateKey: toBase64Url(new Uint8Array(31)) },
    "vapid.privateKey: expected 32",
  ],
  ["an unknown field", { ...current, email: "x" }, "vapid.email: expected no field of this name"],
])("refuses %s", (_, vapid, problem) => {
  expect(problemsOf({ vapid })).toContain(problem);
});

test("refuses keys of two pairs where they come from variables", () => {
  const variables = {
    WEBPUSH_VAPID_SUBJECT: current.subject,
    WEBPUSH_VAPID_PUBLIC_KEY: current.publicKey,
    WEBPUSH_VAPID_PRIVATE_KEY: older.privateKey,
  };
  expect(() => settings.send.create(variables)).toThrow(/WEBPUSH_VAPID_PRIVATE_KEY: expected the key of/);
  const previous = {
    ...variables,
    WEBPUSH_VAPID_PRIVATE_KEY: current.privateKey,
    WEBPUSH_VAPID_PREVIOUS_PUBLIC_KEY: older.publicKey,
    WEBPUSH_VAPID_PREVIOUS_PRIVATE_KEY: current.privateKey,
  };
  expect(() => settings.send.create(previous)).toThrow(/WEBPUSH_VAPID_PREVIOUS_PRIVATE_KEY: expected the key of/);
});

test("names all that is wrong with the other options, and takes no baseUrl", () => {
  const problems = problemsOf({
    vapid: current,
    padToBytes: 3994,
    allowEndpoint: true,
    account: " ",
    baseUrl: "https://x.test",
  });
  for (const option of ["padToBytes", "allowEndpoint", "account", "baseUrl"]) expect(problems).toContain(`${option}: `);
});

test("takes one pair, several, and a private key that a function gets", () => {
  expect(webpush({ vapid: current, account: "a", padToBytes: 3993 })).toMatchObject({ id: "webpush", account: "a" });
  expect(webpush({ vapid: [current, older] }).account).toBe("default");
  expect(webpush({ vapid: { ...current, privateKey: async () => current.privateKey } }).id).toBe("webpush");
});

test("is made from variables without a previous pair, and refuses half of one", () => {
  const variables = {
    WEBPUSH_VAPID_SUBJECT: current.subject,
    WEBPUSH_VAPID_PUBLIC_KEY: current.publicKey,
    WEBPUSH_VAPID_PRIVATE_KEY: current.privateKey,
  };
  expect(settings.send.create(variables).id).toBe("webpush");
  const half = { ...variables, WEBPUSH_VAPID_PREVIOUS_PUBLIC_KEY: older.publicKey };
  expect(() => settings.send.create(half)).toThrow(/vapid\.1\.privateKey/);
});
