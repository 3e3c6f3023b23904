import { describeProvider } from "@carillon/testing";
import { expect, it } from "vitest";
import { settings, smtp, type SmtpOptions } from "./index.ts";

const host = "mail.example.com";
const credentials = { username: "shop", password: "test password" };

describeProvider({
  create: () => smtp({ host, ...credentials }),
  secrets: [credentials.password],
  settings,
  variables: {
    SMTP_HOST: host,
    SMTP_PORT: "2525",
    SMTP_USERNAME: credentials.username,
    SMTP_PASSWORD: credentials.password,
    SMTP_SECURITY: "tls",
  },
  fixtures: import.meta.glob<string>("./fixtures/send/**", { query: "?raw", import: "default", eager: true }),
});

it.each<[string, Partial<Record<keyof SmtpOptions | "apiKey", unknown>>]>([
  ["no host", { host: undefined }],
  ["a URL as its host", { host: "smtp://mail.example.com" }],
  ["a host that holds a line break", { host: "mail.example.com\r\n" }],
  ["a port that is none", { port: 0 }],
  ["a port in text", { port: "587" }],
  ["a security that it does not know", { security: "ssl" }],
  ["a username alone", { username: "shop" }],
  ["a password alone", { password: "hush" }],
  ["a blank password", { username: "shop", password: " " }],
  ["a NUL in its password", { username: "shop", password: "a\0b" }],
  ["certificates that are none", { ca: "/etc/ssl/ca.pem" }],
  ["a name that holds a command", { name: "a\r\nMAIL FROM:<x@example.com>" }],
  ["an address for bounces that holds a command", { returnPath: "a@example.com>\r\nDATA" }],
  ["an option that it does not know", { apiKey: "hush" }],
])("is not made with %s", (_what, options) => {
  const make = (): unknown => smtp({ host, ...options } as never);
  expect(make).toThrow(/^smtp: /);
  expect(make).not.toThrow(/hush|DATA/);
});

it.each([
  ["mail.example.com", undefined, "smtp://mail.example.com:587"],
  ["127.0.0.1", "tls", "smtps://127.0.0.1:465"],
  ["::1", "none", "smtp://[::1]:587"],
] as const)("asks %s with security %s at %s", async (host, security, url) => {
  const provider = smtp({ host, security });
  const message = provider.channel.normalise({
    channel: "email",
    from: "shop@example.com",
    to: "ada@example.net",
    subject: "Hi",
    text: "Hi",
  });
  const context = { messageId: "m", idempotencyKey: "k", now: new Date(0), token: undefined, random: never };
  expect(await provider.buildRequest(message as never, context)).toMatchObject({ url, secrets: [] });
});

function never(): never {
  throw new Error("It needs no randomness");
}
