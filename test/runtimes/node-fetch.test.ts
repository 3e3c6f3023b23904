import { mkdirSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { simulatorCredentials } from "@carillon/simulator";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { allRuntimes } from "./runtimes.ts";
import { type Bench, startSimulator } from "./tasks.ts";

/** With the packages as they are installed: JSON and a form with a file through the simulator, and answers that are none. */
const program = `
import { nodeFetch } from "@carillon/node";
import { createNotifier } from "carillon";
import { mailgun } from "carillon/providers/mailgun";
import { resend } from "carillon/providers/resend";

export async function run({ simulator, faulty, credentials, message }) {
  const fetch = nodeFetch();
  const by = (provider) => createNotifier({ email: [provider], fetch, attempts: 1, timeoutMs: 1000 });
  const { apiKey, domain } = credentials.mailgun;
  const send = async (provider) => {
    const result = await by(provider).send(message);
    return result.ok ? result.outcome : result.kind;
  };
  const resendAt = (baseUrl) => resend({ apiKey: credentials.resend.apiKey, baseUrl });
  return {
    json: await send(resendAt(simulator + "/api.resend.com")),
    again: await send(resendAt(simulator + "/api.resend.com")),
    form: await send(mailgun({ apiKey, domain, baseUrl: simulator + "/api.mailgun.net" })),
    packed: await send(resendAt(faulty + "/packed")),
    cut: await send(resendAt(faulty + "/cut")),
    hangUp: await send(resendAt(faulty + "/hang-up")),
    silent: await send(resendAt(faulty + "/silent")),
  };
}
`;

const message = {
  channel: "email",
  from: "shop@example.com",
  to: "ada@example.com",
  subject: "Quittung",
  text: "Grüße",
  attachments: [{ filename: "a.txt", contentType: "text/plain", content: "QQ==" }],
};

const folder = join(inject("consumer").folder, "node-fetch");
const runtimes = (await allRuntimes()).filter(({ name }) => /^(Node|Bun|Deno)/.test(name));
let bench: Bench;
let faulty: Server;

beforeAll(async () => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "program.mjs"), program);
  bench = await startSimulator();
  faulty = createServer((incoming, outgoing) => {
    incoming.resume();
    if (incoming.url?.startsWith("/packed")) {
      outgoing.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync('{"id":"1"}'));
    } else if (incoming.url?.startsWith("/cut")) {
      outgoing.writeHead(200, { "content-length": "100" });
      outgoing.write("{", () => outgoing.destroy());
    } else if (incoming.url?.startsWith("/hang-up")) {
      incoming.socket.destroy();
    }
  });
  await new Promise<void>((resolve) => faulty.listen(0, "127.0.0.1", resolve));
});

afterAll(() => {
  bench.close();
  faulty.closeAllConnections();
  faulty.close();
});

it.each(runtimes)("$name $version sends over its node:http", async (runtime) => {
  const { port } = faulty.address() as AddressInfo;
  const { resend, mailgun } = simulatorCredentials;
  const before = bench.simulator.store.messages({}, 1000).items.length;
  const input = {
    simulator: bench.url,
    faulty: `http://127.0.0.1:${port}`,
    credentials: { resend, mailgun },
    message,
  };
  expect(await runtime.run(folder, input as never)).toEqual({
    json: "sent",
    again: "sent",
    form: "sent",
    packed: "sent",
    cut: "unexpected-response",
    hangUp: "network",
    silent: "timeout",
  });
  const { items } = bench.simulator.store.messages({}, 1000);
  expect(items.length - before).toBe(3);
  for (const { id } of items) {
    expect(bench.simulator.store.message(id)?.content).toMatchObject({
      text: "Grüße",
      attachments: [{ base64: "QQ==" }],
    });
  }
});
