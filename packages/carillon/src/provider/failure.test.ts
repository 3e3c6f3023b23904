import { expect, test } from "vitest";
import { failed } from "./failure.ts";

test("hands on the provider's text whole, since a cut could halve a secret before it is redacted", () => {
  const said = `${"x".repeat(5000)} re_secret`;
  expect(failed("Acme", 422, "bad_request", said)).toEqual({
    ok: false,
    kind: "invalid-message",
    providerCode: "bad_request",
    detail: `Acme answered 422 bad_request: ${said}`,
  });
});

test("takes a code at its word, but for a 5xx, of which only `notAccepted` says what became of the request", () => {
  const known = { kind: "recipient-gone", field: "to" } as const;
  expect(failed("Acme", 200, "406", undefined, known)).toMatchObject({ ...known, providerCode: "406" });
  expect(failed("Acme", 500, "406", undefined, known)).toMatchObject({ kind: "unavailable" });
  expect(failed("Acme", 503, "100", undefined, { kind: "unavailable", notAccepted: true })).toMatchObject({
    notAccepted: true,
  });
});
