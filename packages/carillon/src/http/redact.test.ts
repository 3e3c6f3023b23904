import { describe, expect, it } from "vitest";
import { maxDetailLength, redactor } from "./redact.ts";

const secret = 'sk live/é+"key"=42';

describe("redactor", () => {
  const redact = redactor([secret, "", "ada@example.com"]);

  it.each([
    ["as it is", secret],
    ["in another case", secret.toUpperCase().replace("É", "é")],
    ["in a URL", encodeURIComponent(secret)],
    ["in a URL, in lower case", encodeURIComponent(secret).toLowerCase()],
    ["in JSON", JSON.stringify(secret).slice(1, -1)],
  ])("masks a secret %s", (_, spelling) => {
    expect(redact(`before ${spelling} after`)).toBe("before [redacted] after");
  });

  it("masks a secret at the beginning of what is in base64", () => {
    const bytes = String.fromCharCode(...new TextEncoder().encode(`${secret}:x`));
    expect(redact(`Authorization: Basic ${btoa(bytes)}`)).toMatch(/^Authorization: Basic \[redacted\].{0,6}$/);
  });

  it("masks the longer secret whole when one contains the other", () => {
    expect(redactor(["abcdef", "abcdef-ghijkl"])("x abcdef-ghijkl y")).toBe("x [redacted] y");
  });

  it("masks addresses that nobody named", () => {
    expect(redact("550 <Bob.Other+x@mail.example.org>: no such user; Ada@Example.com")).toBe(
      "550 <[redacted]>: no such user; [redacted]",
    );
  });

  it("leaves the labels of addresses, which hide them already", () => {
    expect(redact("g***@example.org is not on the allowlist")).toBe("g***@example.org is not on the allowlist");
    expect(redact("grace***x@example.org")).toBe("[redacted]");
  });

  it("masks a secret that was cut at the end of the text", () => {
    expect(redactor(["re_1234567890"])("Key re_12345678")).toBe("Key [redacted]");
  });

  it("leaves innocent text alone", () => {
    const text = "The domain example.com is not verified (code 1045, 3.50 EUR)";
    expect(redact(text)).toBe(text);
  });

  it("makes one line of it and cuts it without halving a character", () => {
    expect(redact("a\r\nb\u0000\u0085c\t d ")).toBe("a b c d");
    expect(redact("x".repeat(9999))).toHaveLength(maxDetailLength);
    expect(redact("x".repeat(maxDetailLength - 1) + "🔔")).toBe("x".repeat(maxDetailLength - 1));
  });

  it("takes secrets that are patterns, or no text at all", () => {
    expect(redactor(["a.c*(", "[b]\\"])("abc a.c*( [b]\\")).toBe("abc [redacted] [redacted]");
    expect(redactor(["\ud800x"])("plain")).toBe("plain");
  });

  it("stays fast on a hostile answer", () => {
    const started = Date.now();
    redact("a".repeat(250_000));
    redact("@".repeat(250_000));
    expect(Date.now() - started).toBeLessThan(500);
  });
});
