import { describe, expect, test } from "vitest";
import { toBase64, utf8 } from "../../crypto/bytes.ts";
import { sha256Hex } from "../../crypto/hash.ts";
import { signHmac } from "../../crypto/hmac.ts";
import { ConfigurationError } from "../../error/errors.ts";
import { receiveWebhook } from "../receive.ts";
import { hmacOverUrlAndFieldsScheme } from "./hmac-over-url-and-fields.ts";

interface Request {
  readonly url: string;
  readonly body: string;
  readonly signature: string;
  readonly publicUrl?: string;
  readonly secrets?: readonly string[];
}

async function reasonFor({ url, body, signature, publicUrl, secrets = ["12345"] }: Request): Promise<string> {
  const scheme = hmacOverUrlAndFieldsScheme({
    secrets,
    signatureHeader: "x-signature",
    publicUrl,
    bodyHashParameter: "bodySHA256",
  });
  const received = await receiveWebhook(
    { id: "acme", scheme, parse: () => ({ events: [] }) },
    { method: "POST", url, headers: { "x-signature": signature }, body },
  );
  return received.ok ? "accepted" : received.reason;
}

const signed = async (text: string, secret = "12345"): Promise<string> =>
  toBase64(await signHmac("SHA-1", utf8(secret), utf8(text)));

// https://github.com/twilio/twilio-python, tests/unit/test_request_validator.py
const call = "CallSid=CA1234567890ABCDE&Digits=1234&From=%2B14158675309&To=%2B18005551212&Caller=%2B14158675309";
const twice = "Sid=CA123&SidAccount=AC123&Digits=5678&Digits=1234&Digits=1234";
const path = "mycompany.com/myapp.php?foo=1&bar=2";

describe("the examples of Twilio's own library", () => {
  test.each([
    ["https", `https://${path}`, call, "RSOYDt4T1cUTdK1PDd93/VVr8B8="],
    [
      "https, where the receiver sees a port",
      `https://${path.replace("/", ":1234/")}`,
      call,
      "RSOYDt4T1cUTdK1PDd93/VVr8B8=",
    ],
    ["http, signed with :80", `http://${path.replace("/", ":80/")}`, call, "0ZXoZLH/DfblKGATFgpif+LLRf4="],
    ["http, signed with :80, which a URL parser drops", `http://${path}`, call, "0ZXoZLH/DfblKGATFgpif+LLRf4="],
    ["a port of its own", `http://${path.replace("/", ":1234/")}`, call, "Zmvh+3yNM1Phv2jhDCwEM3q5ebU="],
    ["a name with several values", `https://${path}`, twice, "IK+Dwps556ElfBT0I3Rgjkr1wJU="],
    [
      "a body with its hash in the URL",
      `https://${path}&bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620`,
      '{"property": "value", "boolean": true}',
      "a9nBmqA0ju/hNViExpshrM61xv4=",
    ],
  ])("%s: accepted", async (_what, url, body, signature) => {
    expect(await reasonFor({ url, body, signature })).toBe("accepted");
    expect(await reasonFor({ url, body, signature, secrets: ["another"] })).toBe("signature-mismatch");
    expect(await reasonFor({ url, body, signature, secrets: ["another", "12345"] })).toBe("accepted");
    expect(await reasonFor({ url: url.replace("foo=1", "foo=2"), body, signature })).toBe("signature-mismatch");
    expect(await reasonFor({ url, body: `${body}1`, signature })).toBe("signature-mismatch");
  });

  test("a port that is not the scheme's, signed, is not to be dropped", async () => {
    const signature = "Zmvh+3yNM1Phv2jhDCwEM3q5ebU=";
    expect(await reasonFor({ url: `http://${path}`, body: call, signature })).toBe("signature-mismatch");
  });
});

describe("the public URL", () => {
  const seen = "http://10.0.0.7:8080/internal/hook?id=1";
  test.each([
    ["replaces origin and path, and keeps the query", "https://example.com/hook", "https://example.com/hook?id=1"],
    ["has no query of its own", "https://example.com/hook?a=b#rc=2", "https://example.com/hook?id=1"],
    ["keeps the path when it is an origin", "https://example.com", "https://example.com/internal/hook?id=1"],
    ["takes the root for a path", "https://example.com/", "https://example.com/?id=1"],
    ["may name a user", "https://u:p@example.com/hook", "https://u:p@example.com/hook?id=1"],
    ["may name a port", "https://example.com:443/hook", "https://example.com/hook?id=1"],
    ["may be an address of IPv6", "https://[::1]/hook", "https://[::1]:443/hook?id=1"],
  ])("%s", async (_what, publicUrl, called) => {
    const signature = await signed(`${called}aAbB`);
    expect(await reasonFor({ url: seen, body: "b=B&a=A", signature, publicUrl })).toBe("accepted");
    expect(await reasonFor({ url: seen, body: "b=B&a=A", signature })).toBe("signature-mismatch");
  });

  test("makes a whole URL of a request that has only a path", async () => {
    const signature = await signed("https://example.com/hook?id=1");
    const publicUrl = "https://example.com";
    expect(await reasonFor({ url: "/hook?id=1", body: "", signature, publicUrl })).toBe("accepted");
    expect(await reasonFor({ url: "/hook?id=1", body: "", signature })).toBe("signature-mismatch");
  });
});

test("accepts a URL that was signed as a URL parser spells it", async () => {
  const url = "https://example.com/hook?name=O'Hara";
  for (const spelling of [url, url.replace("'", "%27")]) {
    expect(await reasonFor({ url, body: "", signature: await signed(spelling) })).toBe("accepted");
  }
});

test("does not sign a fragment, which is never sent", async () => {
  const signature = await signed("https://example.com/hook");
  expect(await reasonFor({ url: "https://example.com/hook#rc=2", body: "", signature })).toBe("accepted");
});

test("takes names and values as they are: spaces, plus signs, other alphabets, upper case first", async () => {
  const url = "https://example.com/hook";
  const signature = await signed(`${url}Z1a b+ c zöë`);
  expect(await reasonFor({ url, body: "a=+b%2B+c+&Z=1&z=%C3%B6%C3%AB", signature })).toBe("accepted");
});

test("never takes JSON for signed when only its URL is", async () => {
  const url = "https://example.com/hook";
  expect(await reasonFor({ url, body: '{"a":1}', signature: await signed(url) })).toBe("signature-mismatch");
});

test("with a hash in the URL, signs no field beside it, and takes one spelling of the hash", async () => {
  const body = "a=1";
  const hash = await sha256Hex(body);
  const url = `https://example.com/hook?bodySHA256=${hash}`;
  expect(await reasonFor({ url, body, signature: await signed(url) })).toBe("accepted");
  expect(await reasonFor({ url, body, signature: await signed(`${url}a1`) })).toBe("signature-mismatch");
  const upper = url.replace(hash, hash.toUpperCase());
  expect(await reasonFor({ url: upper, body, signature: await signed(upper) })).toBe("signature-mismatch");
});

test("refuses a form that is too large to be one of these, however it is signed", async () => {
  const url = "https://example.com/hook";
  const [largest, larger] = ["x".repeat(65_534), "x".repeat(65_535)];
  expect(await reasonFor({ url, body: `a=${largest}`, signature: await signed(`${url}a${largest}`) })).toBe("accepted");
  const signature = await signed(`${url}a${larger}`);
  expect(await reasonFor({ url, body: `a=${larger}`, signature })).toBe("signature-mismatch");
});

test.each([[[]], [[""]], [["token", " "]]])("refuses to be made with the secrets %j", (secrets) => {
  const make = (): unknown =>
    hmacOverUrlAndFieldsScheme({ secrets, signatureHeader: "x-signature", bodyHashParameter: "h" });
  expect(make).toThrow(ConfigurationError);
});
