import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readToken, signToken } from "./token.ts";

const older = { id: "2026", secret: "a secret of at least 32 characters" };
const newest = { id: "2027", secret: "another secret of 32 characters!" };
const subject = {
  channel: "email",
  addressKey: "ada@example.com",
  category: "newsletter",
  message: `msg_${"0".repeat(34)}`,
};

describe("a token for a link", () => {
  it("says whom and what it is for, and shows neither", async () => {
    const token = await signToken(newest, subject);
    expect(await readToken([newest], token)).toEqual(subject);
    expect(token).toMatch(/^2027\.[\w-]+$/);
    const bytes = atob(token.slice(5).replaceAll("-", "+").replaceAll("_", "/"));
    for (const part of ["ada", "example", "newsletter"]) expect(bytes).not.toContain(part);
  });

  it("is the same for the same, so that a request that is repeated is the same request", async () => {
    expect(await signToken(newest, subject)).toBe(await signToken(newest, { ...subject }));
    expect(await signToken(newest, subject)).not.toBe(await signToken(newest, { ...subject, category: "marketing" }));
  });

  it("is known for as long as its key is kept, and whatever signs by then", async () => {
    const token = await signToken(older, subject);
    expect(await readToken([newest, older], token)).toEqual(subject);
    expect(await readToken([newest], token)).toBeUndefined();
    expect(await readToken([{ id: older.id, secret: newest.secret }], token)).toBeUndefined();
    expect(await readToken([newest, older], token.replace("2026.", "2027."))).toBeUndefined();
  });

  it("is not believed when a single character of it is another", async () => {
    const token = await signToken(newest, subject);
    const change = fc.record({ at: fc.nat(token.length - 1), to: fc.constantFrom(..."ABCabc012-_.") });
    await fc.assert(
      fc.asyncProperty(change, async ({ at, to }) => {
        fc.pre(token[at] !== to);
        expect(await readToken([newest, older], token.slice(0, at) + to + token.slice(at + 1))).toBeUndefined();
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    "",
    ".",
    "2027.",
    "2027.AA",
    `2027.${"A".repeat(3_000)}`,
    "2027.????",
    "nobody.AAAA",
    `2027.${"A".repeat(64)}`,
  ])("is none: %s", async (text) => {
    expect(await readToken([newest], text)).toBeUndefined();
  });
});
