import { describe, expect, it } from "vitest";
import type { Env } from "../env.ts";
import { readUnsubscribe } from "./settings.ts";
import type { UnsubscribeSettings } from "./settings.ts";

const secret = "0123456789abcdef0123456789abcdef";

function read(
  variables: Readonly<Record<string, string>>,
  environment: "production" | "development" = "production",
): { found: UnsubscribeSettings | undefined; problems: string[] } {
  const problems: string[] = [];
  return { found: readUnsubscribe(variables as unknown as Env, environment === "production", problems), problems };
}

describe("what links to unsubscribe need", () => {
  it("is nothing where there are none", () => {
    expect(read({})).toEqual({ found: undefined, problems: [] });
  });

  it("is where they lead and keys, of which the first signs", () => {
    const UNSUBSCRIBE_KEYS = `2027:${secret}A, 2026:${secret}B`;
    const { found, problems } = read({ PUBLIC_URL: "https://notify.example.com/", UNSUBSCRIBE_KEYS });
    expect(problems).toEqual([]);
    expect(found).toEqual({
      origin: "https://notify.example.com",
      keys: [
        { id: "2027", secret: `${secret}A` },
        { id: "2026", secret: `${secret}B` },
      ],
    });
  });

  const good = { PUBLIC_URL: "https://notify.example.com", UNSUBSCRIBE_KEYS: `a:${secret}` };

  it.each([
    ["no keys", { UNSUBSCRIBE_KEYS: "" }],
    ["a short key", { UNSUBSCRIBE_KEYS: "a:short" }],
    ["a key without an id", { UNSUBSCRIBE_KEYS: secret }],
    ["a URL with a path", { PUBLIC_URL: "https://notify.example.com/x" }],
    ["a URL that is none", { PUBLIC_URL: "notify.example.com" }],
    ["http", { PUBLIC_URL: "http://notify.example.com" }],
  ])("is not there with %s, and that is said without a value", (_, wrong) => {
    const { found, problems } = read({ ...good, ...wrong });
    expect(found).toBeUndefined();
    expect(problems).toHaveLength(1);
    expect(problems.join("")).not.toContain(secret);
  });

  it("may be http in development", () => {
    const { found } = read({ ...good, PUBLIC_URL: "http://127.0.0.1:8787" }, "development");
    expect(found?.origin).toBe("http://127.0.0.1:8787");
  });

  it("leaves out a key whose id is there already, and says so", () => {
    const { found, problems } = read({ ...good, UNSUBSCRIBE_KEYS: `a:${secret}A,a:${secret}B` });
    expect(found?.keys).toEqual([{ id: "a", secret: `${secret}A` }]);
    expect(problems).toHaveLength(1);
  });
});
