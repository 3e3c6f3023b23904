import { expect, test } from "vitest";
import { routes } from "./generated/routes.ts";
import type { Route } from "./route.ts";
import { createRouter } from "./routing.ts";
import { namesProvider } from "./simulator.ts";

const route = (id: string, ...hosts: readonly string[]): Route => ({
  id,
  name: id,
  hosts,
  secretHeaders: [],
  handle: () => ({ answer: { status: 200 }, messages: [] }),
  rateLimited: () => ({ status: 429 }),
  unavailable: () => ({ status: 503 }),
});
const find = createRouter([
  route("push", "fcm.googleapis.com", "*.notify.windows.com"),
  route("fcm", "fcm.googleapis.com/v1/"),
  route("ses", "email.*.amazonaws.com", "email-*.example.com"),
]);
const found = (url: string): (string | undefined)[] => {
  const called = find(new URL(url));
  return [called?.route.id, called?.host, called?.path];
};

test.each([
  ["https://email.eu-west-1.amazonaws.com/v2/x?a=1", "ses", "email.eu-west-1.amazonaws.com", "/v2/x"],
  ["http://127.0.0.1:9998/email.eu-west-1.amazonaws.com/v2/x", "ses", "email.eu-west-1.amazonaws.com", "/v2/x"],
  ["http://127.0.0.1:9998/Email.eu-west-1.amazonaws.com", "ses", "email.eu-west-1.amazonaws.com", "/"],
  ["https://email-fips.example.com/", "ses", "email-fips.example.com", "/"],
  ["https://fcm.googleapis.com/v1/projects/p", "fcm", "fcm.googleapis.com", "/v1/projects/p"],
  ["http://localhost/fcm.googleapis.com/v1/projects/p", "fcm", "fcm.googleapis.com", "/v1/projects/p"],
  ["https://fcm.googleapis.com/fcm/send/t", "push", "fcm.googleapis.com", "/fcm/send/t"],
  ["https://db5.notify.windows.com/w/?token=t", "push", "db5.notify.windows.com", "/w/"],
])("%s calls %s", (url, ...expected) => {
  expect(found(url)).toEqual(expected);
});

test.each([
  "https://email.a.b.amazonaws.com/",
  "https://email..amazonaws.com/",
  "https://email.eu.amazonaws.com.evil.example/",
  "https://emailxeuxamazonawsxcom/",
  "http://localhost/email.amazonaws.com/",
  "http://localhost/email.%2A.amazonaws.com/",
  "http://localhost/messages/email.eu.amazonaws.com/",
  "http://localhost/",
])("%s calls nobody", (url) => {
  expect(find(new URL(url))).toBeUndefined();
});

test("a host name is told from a path", () => {
  expect(find(new URL("https://email.eu.amazonaws.com/"))?.byHostName).toBe(true);
  expect(find(new URL("http://localhost/email.eu.amazonaws.com/"))?.byHostName).toBe(false);
});

test("no provider takes what is another's", () => {
  const findReal = createRouter(routes);
  for (const { id, hosts } of routes) {
    for (const host of hosts) {
      const url = `https://${host.replaceAll("*", "x")}`;
      expect([host, findReal(new URL(url))?.route.id]).toEqual([host, id]);
      expect(namesProvider(new URL(url))).toBe(true);
    }
  }
  expect(namesProvider(new URL("http://127.0.0.1/api.resend.com/emails"))).toBe(false);
});
