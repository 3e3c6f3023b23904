import { expect, test } from "vitest";
import { type Fault, faultMatches } from "./fault.ts";
import { createSimulator } from "./simulator.ts";
import { queueRig } from "./test/queue.ts";

const hits = (recipient: string, address: string): boolean =>
  faultMatches({ id: "1", kind: "unavailable", recipient } satisfies Fault, "acme", [address]);

test.each([
  ["ada@example.com", "Ada@Example.com", true],
  ["ada@example.com", "ada@example.com.au", false],
  ["*@example.com", "ada@example.com", true],
  ["*@example.com", "ada@example.org", false],
  ["ada@*", "ada@example.com", true],
  ["a*a", "a", false],
  ["a*a", "aa", true],
  ["*b*a*", "abca", true],
  ["*a*b*", "ba", false],
  ["a.c", "abc", false],
  ["*", "", true],
])("a fault for %o and a message to %o: %o", (recipient, address, expected) => {
  expect(hits(recipient, address)).toBe(expected);
});

test("a pattern of many stars takes no time", () => {
  const startMs = performance.now();
  expect(hits(`${"*a".repeat(30)}*b`, "a".repeat(200))).toBe(false);
  expect(performance.now() - startMs).toBeLessThan(1000);
});

test("an answer that nobody can give is refused when it is asked for", async () => {
  const body = JSON.stringify({ kind: "respond", status: 200, headers: { "a b": "c" } });
  const request = { method: "POST", headers: { "content-type": "application/json" }, body };
  expect((await createSimulator().fetch("http://localhost/api/faults", request)).status).toBe(400);
});

test.each([204, 205])("an answer of %i goes out without the body that it must not have", async (status) => {
  const rig = queueRig();
  rig.simulator.store.addFault({ kind: "respond", status, body: "x", times: 2 });
  const request = { method: "POST", body: "{}" };
  expect((await rig.simulator.fetch("https://api.resend.com/emails", request)).status).toBe(status);
  rig.simulator.store.addFault({ kind: "respond", provider: "qstash", status, body: "x", times: 1 });
  expect((await rig.api("GET", "/keys")).status).toBe(status);
});
