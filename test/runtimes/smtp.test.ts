import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it, vi } from "vitest";
import {
  agreeable,
  certificate,
  credentials,
  type Running,
  startScripted,
  startServer,
  type Taken,
} from "../../packages/smtp/src/test/server.ts";
import { allRuntimes, type Runtime } from "./runtimes.ts";

/** Read by Miniflare as it is loaded, and so before everything here: it is how workerd comes to trust a certificate. */
vi.hoisted(() => {
  process.env["NODE_EXTRA_CA_CERTS"] = new URL(
    "../../packages/smtp/src/test/fixtures/certificate.pem",
    import.meta.url,
  ).pathname;
});

/** As the other runtimes' program: what each task came to. */
const program = `
import { createNotifier } from "carillon";
import { smtp } from "@carillon/smtp";

export async function run({ tasks }) {
  const found = {};
  for (const { id, options, message, timeoutMs = 5000 } of tasks) {
    const notifier = createNotifier({ email: [smtp(options)], attempts: 1, timeoutMs });
    const result = await notifier.send({ channel: "email", ...message }, { messageId: "msg_" + id.replaceAll(" ", "_") });
    found[id] = result.ok ? result.providerMessageId : result.kind + ": " + result.detail + (result.mayHaveBeenSent ? "?" : "");
  }
  return found;
}
`;

const message = {
  from: { email: "shop@example.com", name: "Zürich" },
  to: ["ada@example.net", "bob@example.net"],
  bcc: "eve@example.net",
  subject: "Quittung",
  html: "<p>Grüße</p>",
  attachments: [{ filename: "a.txt", contentType: "text/plain", content: "QQ==" }],
};

const folder = join(inject("consumer").folder, "smtp");
const runtimes = await allRuntimes();
const withSockets = runtimes.filter(({ name }) => name !== "edge-runtime");
const servers: Running[] = [];
let starttls: Running & { readonly taken: Taken[] };
let tls: typeof starttls;
let plain: typeof starttls;

beforeAll(async () => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "program.mjs"), program);
  starttls = await startServer();
  tls = await startServer({ secure: true });
  plain = await startServer({ disabledCommands: ["STARTTLS"] });
  servers.push(starttls, tls, plain);
});

afterAll(async () => {
  for (const server of servers) await server.close();
});

/** Workers trust what their platform does, and take no certificates. */
function trustIn({ name }: Runtime): object {
  return name.startsWith("workerd") ? {} : { ca: certificate };
}

async function run(
  runtime: Runtime,
  tasks: readonly { readonly id: string; readonly options: object; readonly timeoutMs?: number }[],
): Promise<unknown> {
  const input = { simulator: "", tasks: tasks.map((task) => ({ ...task, message })) };
  return runtime.run(folder, input as never);
}

describe("SMTP with the package as it is published", () => {
  it.each(withSockets)("goes by STARTTLS, by TLS and in the clear from $name $version", async (runtime) => {
    const before = [starttls, tls, plain].map(({ taken }) => taken.length);
    const to = (port: number): object => ({ host: "localhost", port, ...trustIn(runtime) });
    const found = await run(runtime, [
      { id: "starttls", options: { ...to(starttls.port), ...credentials } },
      { id: "tls", options: { ...to(tls.port), security: "tls", ...credentials } },
      { id: "plain", options: { ...to(plain.port), security: "none" } },
    ]);
    expect(found).toEqual({
      starttls: "msg_starttls@example.com",
      tls: "msg_tls@example.com",
      plain: "msg_plain@example.com",
    });
    const arrived = [starttls, tls, plain].map(({ taken }, index) => taken.slice(before[index]));
    const common = { from: "shop@example.com", to: ["ada@example.net", "bob@example.net", "eve@example.net"] };
    expect(arrived).toMatchObject([
      [{ ...common, isSecure: true, user: "shop" }],
      [{ ...common, isSecure: true, user: "shop" }],
      [{ ...common, isSecure: false }],
    ]);
    for (const [{ raw } = { raw: "" }] of arrived) expect(raw).toMatch(/^From: =\?UTF-8\?B\?.*\r\n(?!.*eve@)/s);
  });

  it.each(withSockets)(
    "trusts no server without its certificate or without STARTTLS, from $name $version",
    async (runtime) => {
      const before = [starttls, plain].map(({ taken }) => taken.length);
      const found = await run(runtime, [
        // The certificate is for localhost and 127.0.0.1.
        { id: "name", options: { host: "127.0.0.2", port: starttls.port, ...trustIn(runtime), ...credentials } },
        { id: "plain", options: { host: "127.0.0.1", port: plain.port, ...trustIn(runtime), ...credentials } },
      ]);
      expect(found).toEqual({
        name: expect.stringMatching(/^network: [^?]*$/) as string,
        plain: 'rejected: The server offers no STARTTLS, and `security` is "starttls"',
      });
      expect([starttls, plain].map(({ taken }) => taken.length)).toEqual(before);
    },
  );

  it.each(withSockets)("knows from $name $version whether a message may have been taken", async (runtime) => {
    const cut = await Promise.all(
      ["RCPT", "."].map((at) => startScripted(agreeable(at, (socket) => socket.destroy()))),
    );
    const silent = await Promise.all(["connect", "RCPT", "."].map((at) => startScripted(agreeable(at, () => {}))));
    servers.push(...cut, ...silent);
    const ids = ["cut before the dot", "cut after it", "silent", "silent before the dot", "silent after it"];
    const tasks = [...cut, ...silent].map(({ port }, index) => ({
      id: ids[index] ?? "",
      options: { host: "localhost", port, security: "none" },
      timeoutMs: 500,
    }));
    const found = await run(runtime, tasks);
    expect(found).toEqual({
      "cut before the dot": "network: The connection failed",
      "cut after it": "network: The connection failed?",
      silent: "timeout: No full answer within 500 ms",
      "silent before the dot": "timeout: No full answer within 500 ms",
      "silent after it": "timeout: No full answer within 500 ms?",
    });
  });

  it.each(runtimes.filter(({ name }) => name.startsWith("workerd")))(
    "sends nothing with certificates that $name cannot take",
    async (runtime) => {
      const before = starttls.taken.length;
      const options = { host: "localhost", port: starttls.port, ca: certificate };
      expect(await run(runtime, [{ id: "one", options }])).toEqual({
        one: "rejected: Sockets of Workers take no `ca`",
      });
      expect(starttls.taken).toHaveLength(before);
    },
  );

  it.each(runtimes.filter(({ name }) => name === "edge-runtime"))("says that $name has no sockets", async (runtime) => {
    const found = await run(runtime, [{ id: "one", options: { host: "localhost", port: starttls.port } }]);
    expect(found).toEqual({ one: "rejected: This runtime has no sockets" });
  });
});
