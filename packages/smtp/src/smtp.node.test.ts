import { createNotifier, type Input, type NotifierOptions, type SendResult } from "carillon";
import type { Socket } from "node:net";
import PostalMime, { decodeWords, type Email } from "postal-mime";
import { afterEach, describe, expect, it } from "vitest";
import { smtp, type SmtpOptions } from "./index.ts";
import { agreeable, certificate, credentials, type Running, startScripted, startServer } from "./test/server.ts";

const simple = {
  channel: "email",
  from: "shop@example.com",
  to: "ada@example.net",
  subject: "Receipt",
  text: "Thanks",
} as const satisfies Input<"email">;

const running: Running[] = [];

afterEach(async () => {
  for (const server of running.splice(0)) await server.close();
});

async function start(...given: Parameters<typeof startServer>): ReturnType<typeof startServer> {
  const server = await startServer(...given);
  running.push(server);
  return server;
}

async function script(...given: Parameters<typeof startScripted>): ReturnType<typeof startScripted> {
  const server = await startScripted(...given);
  running.push(server);
  return server;
}

interface Sending extends Partial<SmtpOptions> {
  readonly message?: Partial<Input<"email">>;
  readonly notifier?: NotifierOptions;
  readonly signal?: AbortSignal;
}

async function send(port: number, { message, notifier, signal, ...options }: Sending = {}): Promise<SendResult> {
  const provider = smtp({ host: "127.0.0.1", port, ca: certificate, ...options });
  const sender = createNotifier({ email: [provider], attempts: 1, ...notifier });
  return sender.send({ ...simple, ...message }, { messageId: "msg_1", ...(signal && { signal }) });
}

/** By a parser that knows nothing of us. */
async function parse(raw: string | undefined): Promise<Email> {
  return PostalMime.parse(new TextEncoder().encode(raw));
}

describe("a connection", () => {
  it("becomes TLS by STARTTLS before anything is said", async () => {
    const { port, taken } = await start();
    const result = await send(port, credentials);
    expect(result).toMatchObject({
      ok: true,
      outcome: "sent",
      provider: "smtp",
      providerMessageId: "msg_1@example.com",
      attempts: [{ outcome: "accepted", status: 250 }],
    });
    expect(taken).toMatchObject([
      { from: "shop@example.com", to: ["ada@example.net"], isSecure: true, user: "shop", name: "[127.0.0.1]" },
    ]);
  });

  it("is TLS from the first byte with `tls`", async () => {
    const { port, taken } = await start({ secure: true });
    expect(await send(port, { security: "tls", ...credentials })).toMatchObject({ ok: true });
    expect(taken).toMatchObject([{ isSecure: true, user: "shop" }]);
  });

  it("stays in clear text with `none` alone", async () => {
    const { port, taken } = await start({ allowInsecureAuth: true });
    expect(await send(port, { security: "none", ...credentials })).toMatchObject({ ok: true });
    expect(taken).toMatchObject([{ isSecure: false, user: "shop" }]);
  });

  it("goes by name, and by the certificate for that name", async () => {
    const { port, taken } = await start();
    expect(await send(port, { host: "localhost", name: "app.example.com" })).toMatchObject({ ok: true });
    expect(taken).toMatchObject([{ isSecure: true, user: undefined, name: "app.example.com" }]);
  });

  it("is not trusted with mail or credentials when the server offers no STARTTLS", async () => {
    const { port, taken } = await start({ disabledCommands: ["STARTTLS"], allowInsecureAuth: true });
    expect(await send(port, credentials)).toMatchObject({
      ok: false,
      kind: "rejected",
      mayHaveBeenSent: false,
      detail: 'The server offers no STARTTLS, and `security` is "starttls"',
    });
    expect(taken).toEqual([]);
  });

  it.each(["starttls", "tls"] as const)(
    "is not trusted with %s under a certificate of somebody else's",
    async (security) => {
      const { port, taken } = await start({ secure: security === "tls" });
      const result = await send(port, { security, ca: undefined, ...credentials });
      expect(result).toMatchObject({ ok: false, kind: "network", mayHaveBeenSent: false });
      expect(result).toHaveProperty("detail", expect.stringContaining("DEPTH_ZERO_SELF_SIGNED_CERT"));
      expect(taken).toEqual([]);
    },
  );

  it("is given up when something was put behind the answer to STARTTLS", async () => {
    const lines: string[] = [];
    const { port } = await script(async (socket, heard) => {
      socket.write("220 hello\r\n");
      lines.push(await heard());
      socket.write("250-hello\r\n250 STARTTLS\r\n");
      lines.push(await heard());
      socket.write("220 go on\r\n250-hello\r\n250 AUTH PLAIN\r\n");
      for (;;) lines.push(await heard());
    });
    expect(await send(port, credentials)).toMatchObject({ ok: false, kind: "rejected", mayHaveBeenSent: false });
    expect(lines.slice(0, 2)).toEqual(["EHLO [127.0.0.1]", "STARTTLS"]);
    expect(lines.join("\n")).not.toMatch(/AUTH|MAIL/);
  });

  it.each(["starttls", "tls"] as const)(
    "whose TLS by %s never comes is given up in time, and closed",
    async (security) => {
      const closed: Promise<void>[] = [];
      const stall = (socket: Socket): void =>
        void closed.push(new Promise((resolve) => socket.once("close", () => resolve())));
      const { port } = await script(async (socket, heard) => {
        if (security === "tls") return stall(socket);
        socket.write("220 hello\r\n");
        await heard();
        socket.write("250-hello\r\n250 STARTTLS\r\n");
        await heard();
        socket.write("220 go on\r\n");
        stall(socket);
      });
      const result = await send(port, { security, notifier: { timeoutMs: 150 } });
      expect(result).toMatchObject({ ok: false, kind: "timeout", mayHaveBeenSent: false });
      await Promise.all(closed);
      expect(closed).toHaveLength(1);
    },
  );

  it("hears a server that never stops talking no further than it must, while it speaks itself", async () => {
    let left = 0;
    const { port } = await script(async (socket, heard) => {
      socket.write("220 hello\r\n");
      await heard();
      socket.write("250 hello\r\n");
      for (const code of [250, 250, 354]) {
        await heard();
        socket.write(`${code} yes\r\n`);
      }
      // Says much, and takes nothing of the message.
      socket.pause();
      const talk = (): void => {
        left = socket.writableLength;
        if (!socket.destroyed && left < 50_000_000) socket.write("250-more\r\n".repeat(100_000));
        if (!socket.destroyed) setTimeout(talk, 2);
      };
      talk();
    });
    const attachments = [{ filename: "a", contentType: "a/b", content: new Uint8Array(30_000_000) }];
    const result = await send(port, { security: "none", message: { attachments }, notifier: { timeoutMs: 1000 } });
    expect(result).toMatchObject({ ok: false, kind: "timeout", mayHaveBeenSent: false });
    expect(left).toBeGreaterThan(1_000_000);
  });

  it("that nobody takes is a failure of the network, and nothing is sent", async () => {
    const { port, close } = await startServer();
    await close();
    expect(await send(port)).toMatchObject({
      ok: false,
      kind: "network",
      detail: "The connection failed: ECONNREFUSED",
      mayHaveBeenSent: false,
    });
  });
});

describe("credentials", () => {
  it.each([
    ["PLAIN", ["PLAIN"]],
    ["LOGIN", ["LOGIN"]],
  ])("are told by %s", async (_name, authMethods) => {
    const { port, taken } = await start({ authMethods });
    expect(await send(port, credentials)).toMatchObject({ ok: true });
    expect(taken).toMatchObject([{ user: "shop" }]);
  });

  it("that the server does not know are `unauthorized`, and stand in no report", async () => {
    const { port } = await start();
    const result = await send(port, { ...credentials, password: async () => "hush-hush" });
    expect(result).toMatchObject({ ok: false, kind: "unauthorized", providerCode: "535", status: 535 });
    expect(JSON.stringify(result)).not.toContain("hush");
  });

  it("that the server repeats are masked, in base64 too", async () => {
    const { port } = await script(async (socket, heard) => {
      socket.write("220 hello\r\n");
      await heard();
      socket.write("250-hello\r\n250 AUTH PLAIN\r\n");
      const line = await heard();
      socket.write(`535 5.7.8 ${line} of ${credentials.password} for ada@example.net\r\n`);
    });
    const result = await send(port, { security: "none", ...credentials });
    expect(result).toMatchObject({
      kind: "unauthorized",
      providerCode: "5.7.8",
      detail: "AUTH: 535 5.7.8 AUTH PLAIN [redacted] of [redacted] for [redacted]",
    });
  });

  it("that nobody asks for are not told to a server that offers no way", async () => {
    const { port, taken } = await start({ disabledCommands: ["AUTH"] });
    expect(await send(port, credentials)).toMatchObject({
      kind: "unauthorized",
      detail: "The server offers neither AUTH PLAIN nor AUTH LOGIN",
      mayHaveBeenSent: false,
    });
    expect(taken).toEqual([]);
  });

  it("that the server wants and does not get are `unauthorized`", async () => {
    const { port } = await start({ authOptional: false });
    expect(await send(port)).toMatchObject({ kind: "unauthorized", providerCode: "530" });
  });
});

describe("a message", () => {
  it("arrives whole: names, texts, attachments and inline images", async () => {
    const { port, taken } = await start();
    const html = `<p>Grüße, <img src="cid:logo"></p>\r\n.\r\n<p>${"x".repeat(1200)}</p>`;
    const text = `Grüße\n.\n..\n.hidden\n${"y".repeat(1200)}\nFrom here`;
    const message: Input<"email"> = {
      channel: "email",
      from: { email: "shop@example.com", name: 'The "Shop", Zürich' },
      to: [{ email: "ada@example.net", name: "Ada 🎉" }, "bob@bücher.example"],
      cc: { email: "cy@example.net", name: "O'Cy, Jr." },
      bcc: ["dee@example.net", { email: "eve@example.net", name: "Eve" }],
      replyTo: "help@example.com",
      subject: `Quittung für Sie: ${"größer als eine Zeile ".repeat(10)}🎉`,
      html,
      text,
      headers: { "X-Order": "42", "X-Note": "Grüße" },
      metadata: { secret_plan: "acme" },
      tags: ["receipt"],
      attachments: [
        {
          filename: "Rechnung März.pdf",
          contentType: "application/pdf",
          content: Uint8Array.from({ length: 5000 }, (_, i) => i),
        },
        { filename: "logo.png", contentType: "image/png", content: "iVBORw0KGgo=", contentId: "logo" },
      ],
    };
    const now = new Date("2026-01-02T03:04:05Z");
    expect(await send(port, { message, notifier: { now: () => now } })).toMatchObject({ ok: true });

    const [one] = taken;
    // The server shows domains in Unicode; what travelled is ASCII.
    expect(one?.to).toEqual([
      "ada@example.net",
      "bob@bücher.example",
      "cy@example.net",
      "dee@example.net",
      "eve@example.net",
    ]);
    const raw = one?.raw ?? "";
    expect(raw).not.toMatch(/dee@|eve@|bcc|secret_plan|acme|[^\r]\n|\r[^\n]|[^\x00-\x7f]/i);
    expect(Math.max(...raw.split("\r\n").map((line) => line.length))).toBeLessThanOrEqual(998);

    const mail = await parse(raw);
    expect(mail).toMatchObject({
      from: { address: "shop@example.com", name: 'The "Shop", Zürich' },
      to: [
        { address: "ada@example.net", name: "Ada 🎉" },
        { address: "bob@xn--bcher-kva.example", name: "" },
      ],
      cc: [{ address: "cy@example.net", name: "O'Cy, Jr." }],
      replyTo: [{ address: "help@example.com", name: "" }],
      subject: message.subject.trim(),
      messageId: "<msg_1@example.com>",
      date: "2026-01-02T03:04:05.000Z",
      text,
      html,
    });
    expect(mail.bcc).toBeUndefined();
    const headers = Object.fromEntries(mail.headers.map(({ key, value }) => [key, decodeWords(value)]));
    expect(headers).toMatchObject({ "x-carillon-message-id": "msg_1", "x-order": "42", "x-note": "Grüße" });
    expect(raw).toContain("\r\nDate: Fri, 02 Jan 2026 03:04:05 +0000\r\n");
    const [png, pdf] = mail.attachments;
    expect(pdf).toMatchObject({
      filename: "Rechnung März.pdf",
      mimeType: "application/pdf",
      disposition: "attachment",
    });
    expect(new Uint8Array(pdf?.content as ArrayBuffer)).toEqual(message.attachments?.[0]?.content);
    expect(png).toMatchObject({ filename: "logo.png", disposition: "inline", contentId: "<logo>", related: true });
  });

  it("has no header that its content smuggled in", async () => {
    const { port, taken } = await start();
    const evil = "x\r\nBcc: eve@example.net\r\n\r\n.\r\nMAIL FROM:<eve@example.net>";
    const attempts: readonly Partial<Input<"email">>[] = [
      { subject: evil },
      { from: { email: "shop@example.com", name: evil } },
      { to: { email: "ada@example.net", name: evil } },
      { to: `ada@example.net>\r\nRCPT TO:<eve@example.net` },
      { headers: { "X-Note": evil } },
      { headers: { [`X-Note: 1\r\nBcc`]: "eve@example.net" } },
      { attachments: [{ filename: evil, contentType: "text/plain", content: "QQ==" }] },
      { attachments: [{ filename: "a", contentType: `text/plain\r\n${evil}`, content: "QQ==" }] },
    ];
    for (const message of attempts) expect(await send(port, { message })).toMatchObject({ kind: "invalid-message" });
    expect(taken).toEqual([]);
    const text = `${evil}\n.\nQUIT\r\n`;
    expect(await send(port, { message: { text } })).toMatchObject({ ok: true });
    expect(taken).toHaveLength(1);
    expect(taken[0]?.to).toEqual(["ada@example.net"]);
    expect((await parse(taken[0]?.raw)).bcc).toBeUndefined();
  });

  it("comes back to whoever the envelope says", async () => {
    const { port, taken } = await start();
    await send(port, { returnPath: "bounces@example.com" });
    expect(taken[0]?.from).toBe("bounces@example.com");
    expect((await parse(taken[0]?.raw)).from?.address).toBe("shop@example.com");
  });

  it("of ten megabytes arrives, and one that the server finds too large is told so before it travels", async () => {
    const content = new Uint8Array(10_000_000).fill(46);
    const attachments = [{ filename: "a.bin", contentType: "application/octet-stream", content }];
    const large = await start();
    expect(await send(large.port, { message: { attachments } })).toMatchObject({ ok: true });
    const [attachment] = (await parse(large.taken[0]?.raw)).attachments;
    expect(new Uint8Array(attachment?.content as ArrayBuffer)).toHaveLength(content.length);
    const small = await start({ size: 1_000_000 });
    expect(await send(small.port, { message: { attachments } })).toMatchObject({
      kind: "invalid-message",
      providerCode: "552",
      detail: expect.stringMatching(/^MAIL: 552/) as string,
    });
  });

  it("has its dots doubled at the beginning of lines, and nowhere else", async () => {
    const { port, taken } = await start();
    // The one place where a line of ours can begin with a dot is a message that another hand built.
    const provider = smtp({ host: "127.0.0.1", port, ca: certificate });
    const dotted = {
      ...provider,
      buildRequest: async (...given: Parameters<typeof provider.buildRequest>) => {
        const request = await provider.buildRequest(...given);
        return "ok" in request ? request : { ...request, body: ".a\r\n..b\r\nc.\r\n.\r\n\r\n." };
      },
    };
    expect(await createNotifier({ email: [dotted] }).send(simple)).toMatchObject({ ok: true });
    expect(taken[0]?.raw).toBe(".a\r\n..b\r\nc.\r\n.\r\n\r\n.\r\n");
  });
});

describe("a refusal", () => {
  it("of one recipient is one of the message: nobody gets it, and the field is named", async () => {
    const { port, taken } = await start();
    const message = {
      to: ["ada@example.net", "bob@example.net"],
      cc: "refused-550-5.1.1@example.net",
      bcc: ["dee@example.net"],
    };
    const result = await send(port, { message });
    expect(result).toMatchObject({
      ok: false,
      kind: "recipient-gone",
      field: "cc",
      providerCode: "5.1.1",
      status: 550,
      mayHaveBeenSent: false,
    });
    expect(taken).toEqual([]);
    const to = ["ada@example.net", "refused-550-5.1.1@example.net"];
    expect(await send(port, { message: { to } })).toMatchObject({ field: "to.1" });
  });

  it.each([
    ["421", "4.7.0", "rate-limited"],
    ["421", "", "unavailable"],
    ["450", "", "unavailable"],
    ["450", "4.2.1", "rate-limited"],
    ["451", "4.7.1", "rate-limited"],
    ["452", "4.3.1", "unavailable"],
    ["550", "", "rejected"],
    ["550", "5.7.1", "rejected"],
    ["551", "", "rejected"],
    ["552", "5.2.2", "rejected"],
    ["553", "5.1.3", "invalid-message"],
    ["554", "", "rejected"],
    ["556", "5.1.10", "recipient-gone"],
  ])("of a recipient by %s %s is %s", async (code, enhanced, kind) => {
    const { port } = await start();
    const message = { to: `refused-${code}${enhanced && `-${enhanced}`}@example.net` };
    expect(await send(port, { message })).toMatchObject({
      ok: false,
      kind,
      providerCode: enhanced || code,
      mayHaveBeenSent: false,
    });
  });

  it.each([
    ["refused-552", "invalid-message"],
    ["refused-554-5.7.1", "rejected"],
    ["refused-451-4.3.0", "unavailable"],
  ])("after the message, %s, is %s, and nothing was taken", async (subject, kind) => {
    const { port, taken } = await start();
    expect(await send(port, { message: { subject } })).toMatchObject({ ok: false, kind, mayHaveBeenSent: false });
    expect(taken).toEqual([]);
  });

  it("of the sender names the field", async () => {
    const { port } = await start();
    const message = { from: "refused-550-5.1.8@example.com" };
    expect(await send(port, { message })).toMatchObject({
      kind: "invalid-message",
      field: "from",
      providerCode: "5.1.8",
    });
  });

  it("that passes is tried again, over a connection of its own", async () => {
    let greeted = 0;
    const { port, taken } = await start({
      onConnect: (_session, callback) =>
        callback(greeted++ ? undefined : Object.assign(new Error("4.3.2 Busy"), { responseCode: 421 })),
    });
    const result = await send(port, { notifier: { attempts: 2, sleep: async () => {} } });
    expect(result).toMatchObject({
      ok: true,
      possibleDuplicate: false,
      attempts: [{ kind: "unavailable", providerCode: "4.3.2", outcome: "failed" }, { outcome: "accepted" }],
    });
    expect(taken).toHaveLength(1);
  });
});

const open = { security: "none", notifier: { timeoutMs: 150 } } as const;

describe.each(["connect", "EHLO", "MAIL", "RCPT", "DATA", "."])("at %s", (until) => {
  const mayHaveBeenSent = until === ".";

  it("a connection that is cut says whether the message may have been taken", async () => {
    const { port } = await script(agreeable(until, (socket) => socket.destroy()));
    expect(await send(port, open)).toMatchObject({ ok: false, kind: "network", mayHaveBeenSent });
  });

  it("a server that falls silent is given up in time, and heard no more of", async () => {
    const closed: Promise<void>[] = [];
    const { port } = await script(
      agreeable(until, (socket) => closed.push(new Promise((resolve) => socket.once("close", () => resolve())))),
    );
    const startedAt = performance.now();
    const result = await send(port, open);
    expect(result).toMatchObject({ ok: false, kind: "timeout", mayHaveBeenSent });
    expect(performance.now() - startedAt).toBeLessThan(2000);
    await Promise.all(closed);
    expect(closed).toHaveLength(1);
  });

  it("the caller may abort", async () => {
    const controller = new AbortController();
    const { port } = await script(agreeable(until, () => controller.abort()));
    const result = await send(port, { ...open, notifier: {}, signal: controller.signal });
    expect(result).toMatchObject({ ok: false, kind: "aborted", mayHaveBeenSent });
  });

  it.each(["HTTP/1.1 400 Bad Request\r\n\r\n<html>", "250", "999 what?\r\n", "\r\n\r\n", "\0".repeat(200_000)])(
    "an answer that is no SMTP never throws",
    async (junk) => {
      const { port } = await script(agreeable(until, (socket) => socket.end(junk)));
      expect(await send(port, open)).toMatchObject({ ok: false, kind: "network", mayHaveBeenSent });
    },
  );
});

it("a reply that nobody has asked for yet is not taken for the answer to the message", async () => {
  const { port } = await script(async (socket, heard) => {
    socket.write("220 hello\r\n");
    for (const reply of ["250 hello", "250 ok", "250 ok", "354 go on\r\n250 2.0.0 queued"]) {
      await heard();
      socket.write(`${reply}\r\n`);
    }
  });
  expect(await send(port, { security: "none" })).toMatchObject({ ok: false, kind: "network", mayHaveBeenSent: false });
});

it("an answer with no end is read no further than 64 kB", async () => {
  let written = 0;
  const { port } = await script(async (socket) => {
    while (!socket.destroyed) {
      written += 1024;
      socket.write("220-hello there\r\n".repeat(64));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  });
  expect(await send(port, { security: "none" })).toMatchObject({ ok: false, kind: "network", mayHaveBeenSent: false });
  expect(written).toBeLessThan(1_000_000);
});
