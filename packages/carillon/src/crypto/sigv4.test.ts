import { afterEach, describe, expect, test, vi } from "vitest";
import { sigV4Signer } from "./sigv4.ts";

const credentials = {
  accessKeyId: "AKIDEXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
};
const now = new Date("2015-08-30T12:36:00Z");

/**
 * AWS's own suite, as it is kept in https://github.com/smithy-lang/smithy-typescript
 * `packages/signature-v4/src/suite.fixture.ts` (read 2026-11-23).
 */
const suite: readonly {
  name: string;
  method?: string;
  path?: string;
  headers?: Record<string, string>;
  body?: string;
  sessionToken?: string;
  signed?: string;
  signature: string;
}[] = [
  { name: "get-vanilla", signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31" },
  {
    name: "get-vanilla-empty-query-key",
    path: "/?Param1=value1",
    signature: "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb",
  },
  {
    name: "get-header-value-trim",
    headers: { "my-header1": " value1", "my-header2": ' "a   b   c"' },
    signed: "host;my-header1;my-header2;x-amz-date",
    signature: "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
  },
  {
    name: "get-utf8",
    path: "/ሴ",
    signature: "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85",
  },
  {
    name: "post-vanilla",
    method: "POST",
    signature: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
  },
  {
    name: "post-header-value-case",
    method: "POST",
    headers: { "my-header1": "VALUE1" },
    signed: "host;my-header1;x-amz-date",
    signature: "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d",
  },
  {
    name: "post-x-www-form-urlencoded",
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: "Param1=value1",
    signed: "content-type;host;x-amz-date",
    signature: "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
  },
  {
    name: "post-sts-header-before",
    method: "POST",
    sessionToken:
      "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==",
    signed: "host;x-amz-date;x-amz-security-token",
    signature: "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead",
  },
];

describe("AWS's suite", () => {
  test.each(suite)("$name", async (vector) => {
    const { method = "GET", path = "/", headers = {}, body = "", sessionToken, signed = "host;x-amz-date" } = vector;
    const sign = sigV4Signer("service", "us-east-1");
    const request = { method, url: `https://example.amazonaws.com${path}`, headers, body };
    expect(await sign(request, { ...credentials, sessionToken }, now)).toEqual({
      ...headers,
      "x-amz-date": "20150830T123600Z",
      ...(sessionToken && { "x-amz-security-token": sessionToken }),
      authorization: `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=${signed}, Signature=${vector.signature}`,
    });
  });
});

/** Computed once, and equal to what npm `aws4fetch` 1.0.20 (without headers) and `aws4` 1.13.2 (with) make of it. */
const email = {
  method: "POST",
  url: "https://email.us-east-1.amazonaws.com/v2/email/outbound-emails",
  headers: {},
  body: '{"FromEmailAddress":"sender@example.com","Destination":{"ToAddresses":["to@example.com"]},"Content":{"Simple":{"Subject":{"Data":"Hello","Charset":"UTF-8"},"Body":{"Text":{"Data":"Hi","Charset":"UTF-8"}}}}}',
};

describe("a request to SES", () => {
  const signatureOf = async (headers: Record<string, string>): Promise<string | undefined> =>
    (await sigV4Signer("ses", "us-east-1")({ ...email, headers }, credentials, now))["authorization"]
      ?.split(" ")
      .at(-1);

  test("is signed over host and date", async () => {
    expect(await signatureOf({})).toBe("Signature=9c0e0d01a6511417bb2b041864f32f515f507fc73cb3bc86ed78c87cfe9e853d");
  });

  test("is signed over its content type, too", async () => {
    expect(await signatureOf({ "content-type": "application/json" })).toBe(
      "Signature=21285a5510b3eff5fe220b341bb16fd27269a19da19a9639e98ef8616313b497",
    );
  });
});

describe("the signing key", () => {
  afterEach(() => vi.restoreAllMocks());

  test("is derived once for a day and a secret", async () => {
    const importKey = vi.spyOn(crypto.subtle, "importKey");
    const sign = sigV4Signer("ses", "us-east-1");
    const imports = async (secretAccessKey: string, at: string): Promise<number> => {
      importKey.mockClear();
      await sign(email, { ...credentials, secretAccessKey }, new Date(at));
      return importKey.mock.calls.length;
    };
    // Four steps, and the signature.
    expect(await imports("a", "2026-01-01T00:00:00Z")).toBe(5);
    expect(await imports("a", "2026-01-01T23:59:59Z")).toBe(0);
    expect(await imports("a", "2026-01-02T00:00:00Z")).toBe(5);
    expect(await imports("b", "2026-01-02T00:00:00Z")).toBe(5);
  });
});
