import { describe, expect, it, test } from "vitest";
import { fromBase64, toBase64 } from "./bytes.ts";
import { readCertificate } from "./certificate.ts";

const files = import.meta.glob<string>("../webhook/scheme/fixtures/sns/*.pem", {
  query: "?raw",
  import: "default",
  eager: true,
});

function pem(name: string): string {
  return files[`../webhook/scheme/fixtures/sns/${name}.pem`] ?? "";
}

function derOf(text: string): Uint8Array<ArrayBuffer> {
  return fromBase64(text.replace(/-----[^-]+-----|\s/g, ""))!;
}

function pemOf(der: Uint8Array): string {
  return `-----BEGIN CERTIFICATE-----\n${toBase64(der)}\n-----END CERTIFICATE-----\n`;
}

const ms = Date.parse;

test("reads AWS's certificate as OpenSSL does", () => {
  const { spki, ...rest } = readCertificate(pem("aws-2026"))!;
  expect(rest).toEqual({
    commonName: "sns.amazonaws.com",
    notBeforeMs: ms("2025-11-10T00:00:00Z"),
    notAfterMs: ms("2026-10-14T23:59:59.999Z"),
  });
  expect(toBase64(spki)).toBe(
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAoW1TUPgxGk+Vjfpfm4NIhHheuumeiwxXNSia+JTZdKHXF0ErJCrGWAjFXaeCPyJJPc1snJEUzJJkBmIpqQ/m07DAj+Qv7CSFNBPWNjl445eVYnXpKqp0S/VXROTeNUb5LO0v+TKWHEpgrJmh38HL/Nhr8ds5vQqwOV7uytmaoc0UDwkUj5h0x0K+BA+t7oxPqk6T4EGdE74JnKwHNPGe+We2c7Ne2kzXN2IQLUMfVqMDfLoh5JIHPjjTXbcCr1mTZp25sTB2LWHNvdVgj9StTYeE1eVzcoyHm80Cg66kwjdCLQK9cXugZdwWEt0hvVxwMtKt3pCE80LCsqXLmiunUwIDAQAB",
  );
});

test("reads dates of both kinds, and a subject that has more than its common name", () => {
  expect(readCertificate(pem("second"))).toMatchObject({
    commonName: "sns.amazonaws.com",
    notBeforeMs: ms("2025-01-01T00:00:00Z"),
    notAfterMs: ms("2125-01-01T00:00:00.999Z"),
  });
});

test("does not care how the text is broken into lines", () => {
  const text = pem("first");
  const whole = readCertificate(text);
  expect(whole).toBeDefined();
  for (const other of [text.replaceAll("\n", "\r\n"), `\n${text}\n\n`, pemOf(derOf(text))]) {
    expect(readCertificate(other)).toEqual(whole);
  }
});

describe("refuses", () => {
  const text = pem("first");
  it.each([
    ["nothing", ""],
    ["an error page", "<html><body>503 Service Unavailable</body></html>"],
    ["two certificates", text + text],
    ["text around it", `Subject: CN=x\n${text}`],
    ["another kind of PEM", text.replaceAll("CERTIFICATE", "PUBLIC KEY")],
    ["a cut one", text.slice(0, 400)],
    ["base64 of no canonical spelling", text.replace(/.(?=\n-----END)/, "")],
    ["two common names", pem("two-names")],
  ])("%s", (_, given) => {
    expect(readCertificate(given)).toBe(undefined);
  });

  it("a certificate that goes on after its end, or ends before it", () => {
    const der = derOf(text);
    expect(readCertificate(pemOf(Uint8Array.from([...der, 0])))).toBe(undefined);
    for (let length = 0; length < der.length; length += 7) {
      expect(readCertificate(pemOf(der.slice(0, length)))).toBe(undefined);
    }
  });

  /** The certificate with bytes in the place of others, where they are found first. */
  function replaced(from: readonly number[], to: readonly number[]): string {
    const hex = [...derOf(text)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const spell = (bytes: readonly number[]): string =>
      bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    expect(hex).toContain(spell(from));
    const changed = hex.replace(spell(from), spell(to)).split(" ");
    return pemOf(Uint8Array.from(changed, (byte) => Number.parseInt(byte, 16)));
  }

  const ascii = (written: string): number[] => [...written].map((character) => character.charCodeAt(0));

  it.each([
    ["a length of unknown size", [0x30, 0x82], [0x30, 0x80]],
    ["a length of 127 digits", [0x30, 0x82], [0x30, 0xff]],
    ["a length that is longer than it must be", [0x02, 0x01], [0x02, 0x81]],
    ["a 30th of February", ascii("250101000000Z"), ascii("250230000000Z")],
    ["a 25th hour", ascii("250101000000Z"), ascii("250101250000Z")],
    ["a time without zone", ascii("250101000000Z"), ascii("2501010000000")],
    ["a local time", ascii("21250101000000Z"), ascii("2125010100+0100")],
    ["a serial number that is none", [0xa0, 0x03, 0x02, 0x01, 0x02, 0x02], [0xa0, 0x03, 0x02, 0x01, 0x02, 0x04]],
    ["a common name of another type", [0x55, 0x04, 0x03, 0x0c], [0x55, 0x04, 0x03, 0x1e]],
  ])("%s", (_, from, to) => {
    // Issuer and subject are the same: the one that counts comes second.
    const given = from[0] === 0x55 ? replacedLast(from, to) : replaced(from, to);
    expect(readCertificate(given)).toBe(undefined);
  });

  function replacedLast(from: readonly number[], to: readonly number[]): string {
    const bytes = [...derOf(text)];
    const at = bytes.findLastIndex((_, start) => from.every((byte, index) => bytes[start + index] === byte));
    expect(at).toBeGreaterThan(0);
    bytes.splice(at, to.length, ...to);
    return pemOf(Uint8Array.from(bytes));
  }
});

test("neither throws nor takes long whatever byte is changed, and never makes another key of it", () => {
  const der = derOf(pem("first"));
  const whole = readCertificate(pemOf(der))!;
  const start = [...der].findIndex((_, at) => whole.spki.every((byte, index) => der[at + index] === byte));
  for (let at = 0; at < der.length; at++) {
    const changed = der.slice();
    changed[at]! ^= 1 << (at % 8);
    const read = readCertificate(pemOf(changed));
    const isInKey = at >= start && at < start + whole.spki.length;
    if (read && !isInKey) expect(read.spki).toEqual(whole.spki);
  }
});
