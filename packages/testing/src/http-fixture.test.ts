import { expect, test } from "vitest";
import { format, formatRequest, parseHttpFixture, responseOf } from "./http-fixture.ts";

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

test("keeps every byte of the body after the blank line", () => {
  const fixture = parseHttpFixture("POST https://example.com/a?b=c\nX-One: 1\nx-two:  a: b \n\n\r\n[1,\r\n2]\r\n");
  expect(fixture.start).toBe("POST https://example.com/a?b=c");
  expect(fixture.headers).toEqual({ "x-one": "1", "x-two": "a: b" });
  expect(text(fixture.body)).toBe("\r\n[1,\r\n2]\r\n");
});

test.each([
  ["POST https://example.com", ""],
  ["POST https://example.com\n", ""],
  ["POST https://example.com\n\n", ""],
  ["POST https://example.com\r\n\r\nbody", "body"],
  ["POST https://example.com\na: b\n\n\n", "\n"],
])("reads the shape of %j", (file, body) => {
  const fixture = parseHttpFixture(file);
  expect(fixture.start).toBe("POST https://example.com");
  expect(text(fixture.body)).toBe(body);
});

test("joins a repeated header, and refuses a line that is none", () => {
  expect(parseHttpFixture("GET /\na: 1\nA: 2\n\n").headers).toEqual({ a: "1, 2" });
  expect(() => parseHttpFixture("GET /\nno header\n\n")).toThrow(/Not a header line/);
});

test("reads an answer", () => {
  const response = responseOf(parseHttpFixture('HTTP/1.1 422 Unprocessable Entity\nRetry-After: 3\n\n{"a":1}'));
  expect(response).toMatchObject({ status: 422, text: '{"a":1}', json: { a: 1 }, truncated: false });
  expect(response.headers.get("retry-after")).toBe("3");
  expect(() => responseOf(parseHttpFixture("POST https://example.com"))).toThrow(/first line/);
});

test("writes a request as its file, headers in order, bytes in base64", async () => {
  const request = { method: "POST", url: "https://example.com/", headers: { b: "2", a: "1" }, secrets: [] };
  expect(await formatRequest({ ...request, body: "x\n" })).toBe("POST https://example.com/\na: 1\nb: 2\n\nx\n");
  const bytes = Uint8Array.of(0xff, 0x00);
  const file = await formatRequest({ ...request, body: bytes });
  expect(file).toBe("POST https://example.com/\na: 1\nb: 2\ncontent-transfer-encoding: base64\n\n/wA=");
  expect(parseHttpFixture(file)).toMatchObject({ headers: { a: "1", b: "2" }, body: bytes });
  expect(format(parseHttpFixture(file))).toBe(file);
});

test("writes a form with one boundary, always the same", async () => {
  const body = new FormData();
  body.append("payload_json", "{}");
  body.append("files[0]", new File(["hi"], "a.txt", { type: "text/plain" }));
  const file = await formatRequest({ method: "POST", url: "https://example.com/", headers: {}, body, secrets: [] });
  expect(file).toBe(
    "POST https://example.com/\n\n" +
      '--carillon\r\nContent-Disposition: form-data; name="payload_json"\r\n\r\n{}\r\n' +
      '--carillon\r\nContent-Disposition: form-data; name="files[0]"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\nhi\r\n' +
      "--carillon--\r\n",
  );
});
