import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import { Agent, createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { createSimulator, simulatorCredentials } from "@carillon/simulator";
import type { FetchAnswer } from "carillon";
import { createNotifier } from "carillon";
import { mailgun } from "carillon/providers/mailgun";
import { resend } from "carillon/providers/resend";
import { afterEach, describe, expect, it, vi } from "vitest";
import { nodeFetch } from "./index.ts";

const [certificate, privateKey] = ["certificate", "key"].map((name) =>
  readFileSync(new URL(`./fixtures/${name}.pem`, import.meta.url), "utf8"),
);
const servers: Server[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function listen(server: Server, host = "127.0.0.1"): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return (server.address() as AddressInfo).port;
}

/** Where a server answers so. */
async function serve(answer: RequestListener): Promise<string> {
  return `http://127.0.0.1:${await listen(createServer(answer))}`;
}

async function bodyOf(incoming: IncomingMessage): Promise<string> {
  let text = "";
  for await (const piece of incoming.setEncoding("utf8")) text += String(piece);
  return text;
}

/** Answers with what it was asked. */
const echo: RequestListener = (incoming, outgoing) => {
  const { method, url, rawHeaders } = incoming;
  void bodyOf(incoming).then((body) => outgoing.end(JSON.stringify({ method, url, rawHeaders, body })));
};

interface Asked {
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: readonly string[];
  readonly body: string;
}

async function textOf({ body }: FetchAnswer): Promise<string> {
  const reader = body!.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const piece = await reader.read();
    if (piece.done) return text + decoder.decode();
    text += decoder.decode(piece.value, { stream: true });
  }
}

const ask = async (url: string, init: RequestInit = {}): Promise<Asked> =>
  JSON.parse(await textOf(await nodeFetch()(url, init))) as Asked;

function pairs({ rawHeaders }: Asked): Record<string, string> {
  const names = rawHeaders.filter((_, index) => index % 2 === 0);
  return Object.fromEntries(names.map((name, index) => [name, rawHeaders[2 * index + 1]!]));
}

describe("a request", () => {
  it("goes out with its path as it was spelled, its headers, and the length of its text", async () => {
    const origin = await serve(echo);
    const asked = await ask(`${origin}/v1//x%2Fy?a=b&c=%20`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: "Bearer hush" },
      body: '"Grüße 🔔"',
    });
    expect(asked).toMatchObject({ method: "POST", url: "/v1//x%2Fy?a=b&c=%20", body: '"Grüße 🔔"' });
    expect(pairs(asked)).toEqual({
      host: new URL(origin).host,
      "content-type": "application/json",
      authorization: "Bearer hush",
      "content-length": "14",
      Connection: "keep-alive",
    });
  });

  it.each([
    ["Headers", new Headers({ "x-a": "1" })],
    ["pairs", [["x-a", "1"]] as [string, string][]],
    ["an object", { "x-a": "1" }],
  ])("takes headers as %s", async (_, headers) => {
    expect(pairs(await ask(await serve(echo), { headers }))["x-a"]).toBe("1");
  });

  it("has no body, and says so, unless it is given one", async () => {
    const origin = await serve(echo);
    const asked = await ask(origin);
    expect(asked).toMatchObject({ method: "GET", url: "/", body: "" });
    expect(pairs(asked)["content-length"]).toBeUndefined();
    expect(pairs(await ask(origin, { method: "POST", body: "" }))["content-length"]).toBe("0");
  });

  it("carries bytes", async () => {
    const asked = await ask(await serve(echo), { method: "POST", body: new TextEncoder().encode("é") });
    expect(asked.body).toBe("é");
    expect(pairs(asked)["content-length"]).toBe("2");
  });

  it("carries a form with its files, and names its boundary", async () => {
    const form = new FormData();
    form.append("text", "Grüße");
    form.append("file", new Blob([Uint8Array.of(1, 2, 3)], { type: "image/png" }), "a.png");
    const asked = await ask(await serve(echo), { method: "POST", body: form });
    const headers = { "content-type": pairs(asked)["content-type"]! };
    const read = await new Response(asked.body, { headers }).formData();
    expect(read.get("text")).toBe("Grüße");
    expect(read.get("file")).toMatchObject({ name: "a.png", type: "image/png", size: 3 });
  });

  it("names the type of a form that is a query, unless a header does", async () => {
    const origin = await serve(echo);
    const body = new URLSearchParams({ a: "b c" });
    const asked = await ask(origin, { method: "POST", body });
    expect(asked.body).toBe("a=b+c");
    expect(pairs(asked)["content-type"]).toBe("application/x-www-form-urlencoded;charset=UTF-8");
    const named = await ask(origin, { method: "POST", body, headers: { "Content-Type": "text/x-own" } });
    expect(named.rawHeaders.filter((name) => /^content-type$/i.test(name))).toEqual(["Content-Type"]);
  });

  it("goes to an IPv6 address, which stands in brackets in URLs", async () => {
    const port = await listen(createServer(echo), "::1");
    expect(pairs(await ask(`http://[::1]:${port}/`))["host"]).toBe(`[::1]:${port}`);
  });

  it("uses a connection again", async () => {
    const ports: (number | undefined)[] = [];
    const origin = await serve((incoming, outgoing) => {
      ports.push(incoming.socket.remotePort);
      echo(incoming, outgoing);
    });
    const fetch = nodeFetch();
    for (let count = 0; count < 3; count++) await textOf(await fetch(origin, {}));
    expect(new Set(ports).size).toBe(1);
  });

  it.each([
    ["no URL", "not a url"],
    ["another scheme", "ftp://example.com/hush"],
    ["a name and a password", "https://user:hush@example.com/"],
  ])("is refused with %s, which is not repeated", async (_, url) => {
    const failure = await nodeFetch()(url, {}).catch((error: unknown) => error);
    expect(failure).toMatchObject({ message: "The request failed: ERR_INVALID_URL", code: "ERR_INVALID_URL" });
    expect(JSON.stringify(failure)).not.toContain("hush");
  });

  it.each([{ authorization: "line\nbreak" }, { "na me": "x" }])(
    "is refused with headers that cannot be sent, before anything is sent",
    async (headers: Record<string, string>) => {
      const asked = vi.fn();
      const origin = await serve(asked);
      await expect(nodeFetch()(origin, { headers })).rejects.toThrow();
      expect(asked).not.toHaveBeenCalled();
    },
  );
});

describe("an answer", () => {
  it("has its status and its headers, whatever their case", async () => {
    const origin = await serve((_, outgoing) => {
      outgoing.writeHead(429, { "Retry-After": "7", "X-Empty": "" });
      outgoing.end("{}");
    });
    const { status, headers } = await nodeFetch()(origin, {});
    expect([status, headers.get("retry-after"), headers.get("RETRY-AFTER")]).toEqual([429, "7", "7"]);
    expect([headers.get("x-empty"), headers.get("x-none"), headers.has("x-none")]).toEqual(["", null, false]);
  });

  it("is a redirect as it is, and nobody follows it", async () => {
    const seen: unknown[] = [];
    const origin = await serve((incoming, outgoing) => {
      seen.push(incoming.url);
      outgoing.writeHead(302, { location: "/elsewhere" }).end();
    });
    const answer = await nodeFetch()(origin, {});
    expect([answer.status, await textOf(answer), seen]).toEqual([302, "", ["/"]]);
  });

  it.each([
    ["gzip", gzipSync],
    ["deflate", deflateSync],
    ["br", brotliCompressSync],
  ])("is unpacked from %s, though nobody asks for it", async (coding, pack) => {
    const text = "Grüße ".repeat(10_000);
    const origin = await serve((incoming, outgoing) => {
      expect(incoming.headers["accept-encoding"]).toBeUndefined();
      outgoing.writeHead(200, { "content-encoding": coding }).end(pack(text));
    });
    expect(await textOf(await nodeFetch()(origin, {}))).toBe(text);
  });

  it("may take longer than an idle connection is kept", { timeout: 10_000 }, async () => {
    const origin = await serve((_, outgoing) => void setTimeout(() => outgoing.end("late"), 4_500));
    expect(await textOf(await nodeFetch()(origin, {}))).toBe("late");
  });

  it("breaks off where what is packed is not", async () => {
    const origin = await serve((_, outgoing) => {
      outgoing.writeHead(200, { "content-encoding": "gzip" }).end("no gzip");
    });
    await expect(textOf(await nodeFetch()(origin, {}))).rejects.toThrow("broke off");
  });

  it("is there before its body, which breaks off where the connection does", async () => {
    const origin = await serve((_, outgoing) => {
      outgoing.writeHead(200, { "content-length": "100" });
      outgoing.write("half", () => outgoing.destroy());
    });
    const answer = await nodeFetch()(origin, {});
    expect(answer.status).toBe(200);
    await expect(textOf(answer)).rejects.toThrow("broke off");
  });

  it("waits for whoever reads it: what nobody reads is not taken from the connection", async () => {
    let written = 0;
    const origin = await serve((_, outgoing) => {
      const piece = Buffer.alloc(65_536);
      const more = (): void => {
        while (written < 100_000_000) {
          written += piece.length;
          if (!outgoing.write(piece)) return void outgoing.once("drain", more);
        }
        outgoing.end();
      };
      more();
    });
    const { body } = await nodeFetch()(origin, {});
    const reader = body!.getReader();
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(written).toBeLessThan(50_000_000);
    let read = 0;
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) read += piece.value.length;
    expect(read).toBe(written);
  });

  it("ends its connection when nothing more of it is wanted", async () => {
    const closed = vi.fn();
    const origin = await serve((incoming, outgoing) => {
      incoming.socket.on("close", closed);
      outgoing.write("x");
    });
    const { body } = await nodeFetch()(origin, {});
    const reader = body!.getReader();
    await reader.read();
    await reader.cancel();
    await vi.waitFor(() => expect(closed).toHaveBeenCalledOnce());
  });
});

describe("a signal", () => {
  it("that has aborted already sends nothing", async () => {
    const asked = vi.fn();
    const origin = await serve(asked);
    await expect(nodeFetch()(origin, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "ABORT_ERR" });
    expect(asked).not.toHaveBeenCalled();
  });

  it("ends the request before the answer", async () => {
    const origin = await serve(() => {});
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 20);
    await expect(nodeFetch()(origin, { signal: controller.signal })).rejects.toMatchObject({ code: "ECONNRESET" });
  });

  it("ends the body of an answer", async () => {
    const origin = await serve((_, outgoing) => void outgoing.write("x"));
    const controller = new AbortController();
    const answer = await nodeFetch()(origin, { signal: controller.signal });
    setTimeout(() => controller.abort(), 20);
    await expect(textOf(answer)).rejects.toThrow("broke off");
  });

  it("is let go of when the request is over", async () => {
    const { signal } = new AbortController();
    const added = vi.spyOn(signal, "addEventListener");
    const removed = vi.spyOn(signal, "removeEventListener");
    await textOf(await nodeFetch()(await serve(echo), { signal }));
    await vi.waitFor(() => expect(removed).toHaveBeenCalledOnce());
    expect(removed.mock.calls[0]?.[1]).toBe(added.mock.calls[0]?.[1]);
  });
});

describe("over TLS", () => {
  async function secure(host?: string): Promise<number> {
    const server = createSecureServer({ key: privateKey, cert: certificate }, echo);
    return listen(server as unknown as Server, host);
  }

  it("asks whom the agent trusts", async () => {
    const fetch = nodeFetch({ httpsAgent: new Agent({ keepAlive: true, ca: certificate }) });
    const answer = await fetch(`https://localhost:${await secure()}/a`, { method: "POST", body: "x" });
    expect(JSON.parse(await textOf(answer))).toMatchObject({ url: "/a", body: "x" });
  });

  it("sends nothing to whom nobody vouches for, and says why", async () => {
    const failure = await nodeFetch()(`https://localhost:${await secure()}/hush`, {}).catch((error: unknown) => error);
    expect(failure).toMatchObject({ message: expect.stringMatching(/^The request failed: [A-Z_]+$/) as string });
    expect(failure).toMatchObject({ code: expect.stringMatching(/CERT/) as string });
  });

  it("sends nothing to another host than the certificate is for", async () => {
    const fetch = nodeFetch({ httpsAgent: new Agent({ ca: certificate }) });
    const asked = fetch(`https://127.0.0.2:${await secure("127.0.0.2")}/`, {});
    await expect(asked).rejects.toMatchObject({ code: "ERR_TLS_CERT_ALTNAME_INVALID" });
  });
});

describe("for a notifier", () => {
  const message = {
    channel: "email",
    from: "shop@example.com",
    to: "ada@example.com",
    subject: "Quittung",
    text: "Grüße",
    attachments: [{ filename: "a.txt", contentType: "text/plain", content: "QQ==" }],
  } as const;

  /** The simulator behind a socket. */
  async function simulate(): Promise<{ url: string; simulator: ReturnType<typeof createSimulator> }> {
    const simulator = createSimulator();
    const answer = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
      const pieces: Uint8Array[] = [];
      for await (const piece of incoming) pieces.push(piece as Uint8Array);
      const { method = "GET", url = "/", headers } = incoming;
      const response = await simulator.fetch(
        new Request(`http://127.0.0.1${url}`, {
          method,
          headers: headers as Record<string, string>,
          body: Buffer.concat(pieces),
        }),
      );
      outgoing.writeHead(response.status, Object.fromEntries(response.headers));
      outgoing.end(await response.text());
    };
    return { url: await serve((...both) => void answer(...both)), simulator };
  }

  it("carries JSON and forms, to the same end as the platform's fetch", async () => {
    const { url, simulator } = await simulate();
    for (const fetch of [nodeFetch(), undefined]) {
      const { apiKey } = simulatorCredentials.resend;
      const byResend = createNotifier({ email: [resend({ apiKey, baseUrl: `${url}/api.resend.com` })], fetch });
      expect(await byResend.send(message)).toMatchObject({ ok: true, outcome: "sent" });
      const { apiKey: key, domain } = simulatorCredentials.mailgun;
      const options = { apiKey: key, domain, baseUrl: `${url}/api.mailgun.net` };
      const byMailgun = createNotifier({ email: [mailgun(options)], fetch });
      expect(await byMailgun.send(message)).toMatchObject({ ok: true, outcome: "sent" });
    }
    const contents = simulator.store
      .messages({}, 10)
      .items.map(({ id, provider }) => ({ provider, ...simulator.store.message(id)?.content }));
    const of = (provider: string): unknown[] => contents.filter((one) => one.provider === provider);
    for (const provider of ["resend", "mailgun"]) {
      const [first, second] = of(provider) as [object, object];
      expect(first).toMatchObject({ text: "Grüße", attachments: [{ base64: "QQ==" }] });
      expect({ ...first, headers: undefined }).toEqual({ ...second, headers: undefined });
    }
  });

  it.each([
    [
      "a server that is silent",
      (): void => {},
      { kind: "timeout", mayHaveBeenSent: true, detail: "No full answer within 500 ms" },
    ],
    [
      "a server that hangs up",
      (incoming: IncomingMessage): void => void incoming.socket.destroy(),
      { kind: "network", mayHaveBeenSent: true, detail: "The connection failed" },
    ],
    [
      "an answer that breaks off",
      (_: IncomingMessage, outgoing: ServerResponse): void => {
        outgoing.writeHead(200, { "content-length": "100" });
        outgoing.write("{", () => outgoing.destroy());
      },
      { kind: "unexpected-response", mayHaveBeenSent: true, status: 200 },
    ],
    [
      "5 MB",
      (_: IncomingMessage, outgoing: ServerResponse): void => {
        outgoing.writeHead(200);
        outgoing.end(Buffer.alloc(5_000_000, "x"));
      },
      { kind: "unexpected-response", mayHaveBeenSent: true, status: 200 },
    ],
  ])("says of %s what the platform's fetch would", async (_, answer, expected) => {
    const origin = await serve(answer);
    for (const fetch of [nodeFetch(), undefined]) {
      const notifier = createNotifier({
        email: [resend({ apiKey: "re_hush", baseUrl: origin })],
        attempts: 1,
        timeoutMs: 500,
        fetch,
      });
      expect(await notifier.send(message)).toMatchObject({ ok: false, ...expected });
    }
  });

  it("knows of a request that cannot be sent that it was not", async () => {
    const origin = await serve(echo);
    for (const fetch of [nodeFetch(), undefined]) {
      const notifier = createNotifier({ email: [resend({ apiKey: "re_1", baseUrl: origin })], attempts: 1, fetch });
      const broken = await notifier.call({
        id: "broken",
        account: "default",
        channel: resend({ apiKey: "re_1" }).channel,
        buildRequest: () => ({
          method: "POST",
          url: `${origin}/`,
          headers: { authorization: "line\nbreak" },
          secrets: [],
        }),
        readResponse: () => ({ ok: true }),
      } as never);
      expect(broken).toMatchObject({ ok: false, kind: "network", mayHaveBeenSent: false });
    }
  });
});
