import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Refusal } from "./definition.ts";
import type { EmailMessage } from "./email.ts";
import { emailChannel } from "./email.ts";

const minimal = { channel: "email", from: "app@example.com", to: "ada@example.com", subject: "Hi", text: "Hello" };

function accept(change: object = {}): EmailMessage {
  const result = emailChannel.normalise({ ...minimal, ...change });
  if ("ok" in result) throw new Error(`${result.field}: ${result.detail}`);
  return result;
}

function refuse(change: object): Refusal {
  const result = emailChannel.normalise({ ...minimal, ...change });
  if (!("ok" in result)) throw new Error("accepted");
  return result;
}

describe("emailChannel", () => {
  it("fills in what the input leaves out", () => {
    expect(accept()).toEqual({
      channel: "email",
      from: { email: "app@example.com" },
      to: [{ email: "ada@example.com" }],
      cc: [],
      bcc: [],
      replyTo: [],
      subject: "Hi",
      html: undefined,
      text: "Hello",
      attachments: [],
      headers: {},
      metadata: {},
      tags: [],
      providerOptions: {},
    });
  });

  it("takes every field of the interface", () => {
    const message = accept({
      from: { email: "app@Example.com", name: "The App" },
      to: [{ email: "Ada@bücher.example", name: "Ada, the “first”" }],
      cc: "cc@example.com",
      bcc: ["b1@example.com", { email: "b2@example.com" }],
      replyTo: { email: "help@example.com" },
      html: "<p>Hello <b>you</b></p>",
      text: undefined,
      attachments: [
        { filename: "a.txt", contentType: "text/plain; charset=utf-8", content: "aGk=" },
        { filename: "b.png", contentType: "image/png", content: new Uint8Array([0, 255, 1, 2]), contentId: "logo@x" },
      ],
      headers: { "X-Entity-Ref": "42", "In-Reply-To": "<1@example.com>" },
      metadata: { order: "42" },
      tags: ["receipt", "receipt"],
      providerOptions: { any: { stream: "x" } },
    });
    expect(message).toMatchObject({
      from: { email: "app@example.com", name: "The App" },
      to: [{ email: "Ada@xn--bcher-kva.example", name: "Ada, the “first”" }],
      cc: [{ email: "cc@example.com" }],
      bcc: [{ email: "b1@example.com" }, { email: "b2@example.com" }],
      replyTo: [{ email: "help@example.com" }],
      text: "Hello you",
      attachments: [
        { content: "aGk=", sizeBytes: 2 },
        { content: "AP8BAg==", sizeBytes: 4, contentId: "logo@x" },
      ],
      headers: { "X-Entity-Ref": "42", "In-Reply-To": "<1@example.com>" },
      metadata: { order: "42" },
      tags: ["receipt"],
      providerOptions: { any: { stream: "x" } },
    });
  });

  it("uses the subject as text when the HTML has none", () => {
    expect(accept({ text: undefined, html: '<img src="x.png">' }).text).toBe("Hi");
  });

  it("gives everybody one copy, whichever list names them first", () => {
    const message = accept({
      to: ["ada@example.com", { email: "ADA@EXAMPLE.COM", name: "Ada" }],
      cc: ["ada@example.com", "bob@example.com"],
      bcc: "bob@example.com",
    });
    expect([message.to, message.cc, message.bcc]).toEqual([
      [{ email: "ada@example.com" }],
      [{ email: "bob@example.com" }],
      [],
    ]);
  });

  it.each([
    "Ada <ada@example.com>",
    "<ada@example.com>",
    '"ada"@example.com',
    '"a@b"@example.com',
    "ada@example.com,bob@example.com",
    "ada@example.com, bob@example.com",
    " ada@example.com",
    "ada@example.com\r\nBcc: x@evil.example",
    "ada@example.com\n",
    "ada\u0000@example.com",
    "ada@bob@example.com",
    "ada@evil.example@example.com",
    "ada",
    "@example.com",
    "ada@",
    "",
    "ada@localhost",
    "ada@127.0.0.1",
    "ada@[127.0.0.1]",
    "ada@0x7f.1",
    "ada@example.com:25",
    "ada@example.com/x",
    "ada@user:pw.example.com",
    "ada@exam ple.com",
    "ada@example..com",
    "ada@.example.com",
    "ada@example.com.",
    "ada@-example.com",
    "ada@exa_mple.com",
    "ada@bücher%2eexample.com",
    "ada@bücher\u3002",
    "ada@b\u00fc\uff0fevil.example",
    "a..b@example.com",
    ".a@example.com",
    "a.@example.com",
    "(comment)ada@example.com",
    "mailto:ada@example.com",
    "ada@example.com;",
    "ada@xn--.\u00fc.example",
  ])("refuses %j as an address", (address) => {
    const { field, detail } = refuse({ to: address });
    expect(field).toBe("to");
    expect(detail).toMatch(/^expected /);
    expect(refuse({ cc: ["ok@example.com", { email: address }] }).field).toBe("cc.1.email");
    expect(refuse({ from: address }).field).toBe("from");
    expect(refuse({ replyTo: [address] }).field).toBe("replyTo.0");
  });

  it.each([
    ["ada+news@example.com", "ada+news@example.com"],
    ["o'hara_%!#$&*/=?^`{|}~-@example.com", "o'hara_%!#$&*/=?^`{|}~-@example.com"],
    ["Ada@EXAMPLE.Com", "Ada@example.com"],
    ["ada@BÜCHER.example", "ada@xn--bcher-kva.example"],
    ["ada@bu\u0308cher.example", "ada@xn--bcher-kva.example"],
    ["ada@例え。テスト", "ada@xn--r8jz45g.xn--zckzah"],
    ["ada@ｅｘａｍｐｌｅ.com", "ada@example.com"],
    ["ada@XN--BCHER-KVA.example", "ada@xn--bcher-kva.example"],
    [`${"a".repeat(64)}@example.com`, `${"a".repeat(64)}@example.com`],
  ])("reads %j as %s", (address, email) => {
    expect(accept({ to: address }).to).toEqual([{ email }]);
  });

  it("refuses addresses that are too long", () => {
    const labels = `${"d".repeat(60)}.`.repeat(3);
    expect(accept({ to: `${"a".repeat(64)}@${labels}${"e".repeat(6)}` }).to).toHaveLength(1);
    expect(refuse({ to: `${"a".repeat(64)}@${labels}${"e".repeat(7)}` }).detail).toContain("254");
    expect(refuse({ to: `${"a".repeat(65)}@example.com` }).detail).toContain("64");
  });

  it("says why a local part outside ASCII is refused", () => {
    expect(refuse({ to: "jürgen@example.com" }).detail).toContain("ASCII");
  });

  it.each([
    [{ subject: "Hi\r\nBcc: x@evil.example" }, "subject"],
    [{ subject: "Hi\u0085" }, "subject"],
    [{ subject: "" }, "subject"],
    [{ subject: "x".repeat(999) }, "subject"],
    [{ from: { email: "a@example.com", name: "A\nB" } }, "from.name"],
    [{ to: [{ email: "a@example.com", name: "A\u0000" }] }, "to.0.name"],
    [{ headers: { "X-A": "1\r\nX-B: 2" } }, "headers.X-A"],
    [{ headers: { "X-A\r\nX-B": "1" } }, "headers"],
    [{ headers: { "X A": "1" } }, "headers"],
    [{ headers: { "": "1" } }, "headers"],
    [{ headers: { "X-A": 1 } }, "headers.X-A"],
    [{ headers: { "X-A": "1", "x-a": "2" } }, "headers.x-a"],
    [{ attachments: [{ filename: "a\r\n", contentType: "a/b", content: "" }] }, "attachments.0.filename"],
    [{ attachments: [{ filename: "a", contentType: "text", content: "" }] }, "attachments.0.contentType"],
    [{ attachments: [{ filename: "a", contentType: "a/b\r\nX: y", content: "" }] }, "attachments.0.contentType"],
    [{ attachments: [{ filename: "a", contentType: "a/b", content: "a" }] }, "attachments.0.content"],
    [{ attachments: [{ filename: "a", contentType: "a/b", content: "aGl=" }] }, "attachments.0.content"],
    [{ attachments: [{ filename: "a", contentType: "a/b", content: "aB==" }] }, "attachments.0.content"],
    [{ attachments: [{ filename: "a", contentType: "a/b", content: "aGk=\n" }] }, "attachments.0.content"],
    [{ attachments: [{ filename: "a", contentType: "a/b", content: "_-8=" }] }, "attachments.0.content"],
    [{ attachments: [{ filename: "a", contentType: "a/b", content: "=" }] }, "attachments.0.content"],
    [{ attachments: [{ filename: "a", contentType: "a/b", content: 5 }] }, "attachments.0.content"],
    [{ attachments: [{ contentType: "a/b", content: "" }] }, "attachments.0.filename"],
    [
      { attachments: [{ filename: "a", contentType: "a/b", content: "", contentId: "<x>" }] },
      "attachments.0.contentId",
    ],
    [
      { attachments: [{ filename: "a", contentType: "a/b", content: "", contentId: "x\r\n" }] },
      "attachments.0.contentId",
    ],
    [{ attachments: [{ filename: "a", contentType: "a/b", content: "", path: "/etc/passwd" }] }, "attachments.0.path"],
    [{ text: undefined }, "html"],
    [{ text: " \n" }, "text"],
    [{ html: "" }, "html"],
    [{ to: undefined }, "to"],
    [{ to: [] }, "to"],
    [{ to: null }, "to"],
    [{ to: [5] }, "to.0"],
    [{ to: {} }, "to.email"],
    [{ to: [{ email: "a@example.com", nmae: "A" }] }, "to.0.nmae"],
    [{ to: { email: 5 } }, "to.email"],
    [{ subjet: "x" }, "subjet"],
    [{ channel: "sms" }, "channel"],
    [{ metadata: { "a b": "x" } }, "metadata"],
    [{ metadata: { a: "x".repeat(257) } }, "metadata.a"],
    [{ metadata: Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`k${i}`, "v"])) }, "metadata"],
    [{ tags: ["a b"] }, "tags.0"],
    [{ tags: Array.from({ length: 11 }, (_, i) => `t${i}`) }, "tags"],
    [{ providerOptions: { any: "x" } }, "providerOptions.any"],
    [{ unsubscribe: {} }, "unsubscribe"],
    [{ unsubscribe: { url: "http://example.com/u" } }, "unsubscribe.url"],
    [{ unsubscribe: { url: "https://example.com/u>,<mailto:x" } }, "unsubscribe.url"],
    [{ unsubscribe: { url: "javascript:alert(1)" } }, "unsubscribe.url"],
    [{ unsubscribe: { mailto: "u@example.com>\r\nX: y" } }, "unsubscribe.mailto"],
    [{ unsubscribe: { mailto: "u@example.com?subject=a b" } }, "unsubscribe.mailto"],
  ])("refuses %j at %s", (change, field) => {
    const refusal = refuse(change);
    expect(refusal.field).toBe(field);
    expect(refusal.detail).toMatch(/^expected /);
  });

  it.each([
    "To",
    "from",
    "CC",
    "bcc",
    "Subject",
    "reply-to",
    "Date",
    "Message-ID",
    "Content-Type",
    "Content-Transfer-Encoding",
    "MIME-Version",
    "Return-Path",
    "Received",
    "DKIM-Signature",
    "Sender",
    "Resent-Bcc",
    "ARC-Seal",
  ])("refuses the header %s, which the message sets", (name) => {
    expect(refuse({ headers: { [name]: "x" } }).field).toBe(`headers.${name}`);
  });

  it.each([
    null,
    undefined,
    5,
    "x",
    [],
    () => 1,
    Symbol("x"),
    new Date(0),
    JSON.parse('{"__proto__": {"channel": "email"}}'),
  ])("refuses what is no message at all: %s", (input) => {
    expect(emailChannel.normalise(input)).toMatchObject({ ok: false, kind: "invalid-message" });
  });

  it("refuses what throws when it is read", () => {
    const input = {
      ...minimal,
      get html(): string {
        throw new Error("ada@example.com");
      },
    };
    expect(emailChannel.normalise(input)).toEqual({
      ok: false,
      kind: "invalid-message",
      field: "",
      detail: "expected a plain object that can be read",
    });
  });

  it("never says in a refusal what it received", () => {
    const secret = "s3cr3t\r\n";
    const fields = [
      "from",
      "to",
      "cc",
      "bcc",
      "replyTo",
      "subject",
      "html",
      "text",
      "attachments",
      "headers",
      "unsubscribe",
      "metadata",
      "tags",
      "channel",
    ];
    const shapes = [
      secret,
      [secret],
      { [secret]: secret },
      [{ [secret]: secret }],
      { email: secret },
      { url: secret },
      { mailto: secret },
      [{ filename: secret, contentType: secret, content: secret }],
      { email: "a@b.example", name: secret },
    ];
    for (const field of fields) {
      for (const shape of shapes) {
        const result = emailChannel.normalise({ ...minimal, [field]: shape });
        if ("ok" in result) expect(JSON.stringify(result)).not.toContain("s3cr3t");
      }
    }
  });

  it("never throws, whatever it is given", () => {
    const anything = fc.anything({ withNullPrototype: true, withBigInt: true, withTypedArray: true, withDate: true });
    const keys = fc.constantFrom(...Object.keys(accept()), "unsubscribe");
    fc.assert(
      fc.property(fc.dictionary(keys, anything), (change) => {
        const result = emailChannel.normalise({ ...minimal, ...change });
        expect("ok" in result ? result.detail : "expected ").toMatch(/^expected /);
      }),
    );
  });

  it("counts recipients over to, cc and bcc", () => {
    const people = (name: string, count: number): string[] =>
      Array.from({ length: count }, (_, index) => `${name}${index}@example.com`);
    expect(accept({ to: people("a", 500), cc: people("b", 300), bcc: people("c", 200) }).bcc).toHaveLength(200);
    expect(refuse({ to: people("a", 500), cc: people("b", 300), bcc: people("c", 201) }).detail).toContain("1000");
    expect(refuse({ to: people("a", 1001) }).field).toBe("to");
  });

  describe("unsubscribe", () => {
    it("becomes both headers for an https URL", () => {
      const { headers } = accept({
        headers: { "X-A": "1" },
        unsubscribe: { url: "https://example.com/u?t=1,2", mailto: "u@bücher.example?subject=stop" },
      });
      expect(headers).toEqual({
        "X-A": "1",
        "List-Unsubscribe": "<https://example.com/u?t=1,2>, <mailto:u@xn--bcher-kva.example?subject=stop>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
      });
    });

    it("is no one-click for a mail address alone", () => {
      expect(accept({ unsubscribe: { mailto: "u@example.com" } }).headers).toEqual({
        "List-Unsubscribe": "<mailto:u@example.com>",
      });
    });

    it("is refused for several recipients, and beside a header of its name", () => {
      const unsubscribe = { url: "https://example.com/u" };
      expect(refuse({ bcc: "b@example.com", unsubscribe }).field).toBe("unsubscribe");
      expect(refuse({ headers: { "list-unsubscribe": "<x>" }, unsubscribe }).field).toBe("headers.List-Unsubscribe");
      expect(accept({ to: ["a@example.com", "A@example.com"], unsubscribe }).to).toHaveLength(1);
    });
  });

  it("sizes attachments without decoding them", () => {
    const content = "A".repeat(8_000_000);
    expect(accept({ attachments: [{ filename: "a", contentType: "a/b", content }] }).attachments[0]).toMatchObject({
      sizeBytes: 6_000_000,
    });
  });

  it("keys addresses by their normalised spelling, of cc and bcc too", async () => {
    const addresses = await emailChannel.addresses(
      accept({ to: "Ada+News@Bücher.example", cc: "bob@example.com", bcc: "+odd@example.com" }),
    );
    expect(addresses).toEqual([
      {
        key: "ada+news@xn--bcher-kva.example",
        base: "ada@xn--bcher-kva.example",
        label: "a***@xn--bcher-kva.example",
        secrets: ["Ada+News@xn--bcher-kva.example", "ada+news@xn--bcher-kva.example"],
      },
      { key: "bob@example.com", base: undefined, label: "b***@example.com", secrets: ["bob@example.com"] },
      { key: "+odd@example.com", base: undefined, label: "+***@example.com", secrets: ["+odd@example.com"] },
    ]);
  });

  it("is sent to another recipient alone", () => {
    const message = accept({ cc: "c@example.com", bcc: "b@example.com", headers: { "X-A": "1" } });
    expect(emailChannel.withRecipient(message, "Dev@Example.com")).toEqual({
      ...message,
      to: [{ email: "Dev@example.com" }],
      cc: [],
      bcc: [],
    });
    expect(emailChannel.withRecipient(message, "Dev <dev@example.com>")).toBeUndefined();
  });

  it("takes no way to unsubscribe along to another recipient", () => {
    const unsubscribe = { url: "https://example.com/u?t=ada", mailto: "u@example.com" };
    const ours = accept({ headers: { "X-A": "1" }, unsubscribe });
    expect(emailChannel.withRecipient(ours, "dev@example.com")?.headers).toEqual({ "X-A": "1" });
    const theirs = accept({ headers: { "list-UNSUBSCRIBE": "<x>", "List-unsubscribe-post": "y", "X-A": "1" } });
    expect(emailChannel.withRecipient(theirs, "dev@example.com")?.headers).toEqual({ "X-A": "1" });
  });
});
