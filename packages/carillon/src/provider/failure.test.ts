import { expect, test } from "vitest";
import { failed } from "./failure.ts";

test("hands on the provider's text whole, since a cut could halve a secret before it is redacted", () => {
  const said = `${"x".repeat(5000)} re_secret`;
  expect(failed(422, "bad_request", said)).toEqual({
    ok: false,
    kind: "invalid-message",
    providerCode: "bad_request",
    detail: `Answered 422 bad_request: ${said}`,
  });
});

test("takes a code at its word, but for a 5xx, of which only `notAccepted` says what became of the request", () => {
  const known = { kind: "recipient-gone", field: "to" } as const;
  expect(failed(200, "406", undefined, [[/ 406$/, known]])).toMatchObject({ ...known, providerCode: "406" });
  expect(failed(500, "406", undefined, [[/ 406$/, known]])).toMatchObject({ kind: "unavailable" });
  expect(failed(503, "100", undefined, [[/ 100$/, { kind: "unavailable", notAccepted: true }]])).toMatchObject({
    notAccepted: true,
  });
});
