import { expect, test } from "vitest";
import { failed, type Meanings } from "./failure.ts";

test("hands on the provider's text whole, since a cut could halve a secret before it is redacted", () => {
  const said = `${"x".repeat(5000)} re_secret`;
  expect(failed(422, "bad_request", said)).toEqual({
    ok: false,
    kind: "invalid-message",
    providerCode: "bad_request",
    detail: `Answered 422: bad_request: ${said}`,
  });
});

test("takes a code at its word, but for a 5xx, of which only `notAccepted` says what became of the request", () => {
  const byCode: Meanings = [
    [/ 406$/, "recipient-gone", { field: "to" }],
    [/ 100$/, "unavailable", { notAccepted: true }],
  ];
  expect(failed(200, "406", undefined, byCode)).toMatchObject({
    kind: "recipient-gone",
    field: "to",
    providerCode: "406",
  });
  expect(failed(500, "406", undefined, byCode)).toMatchObject({ kind: "unavailable" });
  expect(failed(503, "100", undefined, byCode)).toMatchObject({ kind: "unavailable", notAccepted: true });
});

test.each([
  [200, "unexpected-response"],
  [302, "unexpected-response"],
  [400, "invalid-message"],
  [401, "unauthorized"],
  [403, "unauthorized"],
  [404, "rejected"],
  [408, "unavailable"],
  [413, "invalid-message"],
  [422, "invalid-message"],
  [429, "rate-limited"],
  [500, "unavailable"],
])("takes %i alone for %s", (status, kind) => {
  const failure = failed(status, undefined, undefined);
  expect(failure.kind).toBe(kind);
  expect(failure.tryNext).toBe(kind === "rejected" ? true : undefined);
});
