import { execFile } from "node:child_process";

import { createHmac } from "node:crypto";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { convertV4MiniflareOptions, Miniflare, Response as MiniflareResponse } from "miniflare";
import { describe, expect, inject, it } from "vitest";
import { providerIds } from "../../scripts/workspace.ts";

const { folder } = inject("consumer");

/** Before 2026-08-04, when Node compatibility became workerd's default, and without a flag that switches it on. */
const compatibilityDate = "2026-08-01";

const secret = "whsec_cGFja2FnZS10ZXN0LXNlY3JldC1wYWNrYWdlLXRlc3Q=";

/** One send, one webhook and one forgery, with the package as it is installed; the globals that it found are reported. */
const smoke = `
  import { createNotifier, receiveWebhook } from "carillon";
  import { resend, resendWebhook } from "carillon/providers/resend";

  export async function smoke(options, webhook) {
    const notifier = createNotifier({ email: [resend({ apiKey: "re_package_test", ...options })] });
    const sent = await notifier.send(
      { channel: "email", from: "shop@example.com", to: "ada@example.com", subject: "Receipt", html: "<p>Thanks</p>" },
      { idempotencyKey: "receipt-42" },
    );
    const source = resendWebhook({ secret: ${JSON.stringify(secret)} });
    const request = (body) => new Request("https://example.com/hook", { method: "POST", headers: webhook.headers, body });
    const received = await receiveWebhook(source, request(webhook.body));
    const forged = await receiveWebhook(source, request(webhook.body.replace("delivered", "complained")));
    return {
      sent: sent.ok ? sent.providerMessageId : sent,
      received: received.ok ? received.events.map(({ type, address }) => ({ type, address })) : received.reason,
      forged: forged.ok ? "accepted" : forged.reason,
      status: [received.response.status, forged.response.status],
    };
  }
`;

const expected = {
  sent: "49a3999c-0ce1-4ea6-ab68-afcd6dc2e794",
  received: [{ type: "delivered", address: "ada@example.com" }],
  forged: "signature-mismatch",
  status: [200, 401],
};

/** Signed by the rules of Standard Webhooks, with Node's own HMAC: https://www.standardwebhooks.com */
function signedWebhook(): { readonly headers: Record<string, string>; readonly body: string } {
  const id = "msg_package_test";
  const timestamp = String(Math.floor(Date.now() / 1000));
  const body = JSON.stringify({
    type: "email.delivered",
    created_at: new Date().toISOString(),
    data: { email_id: expected.sent, to: ["ada@example.com"], from: "shop@example.com", subject: "Receipt" },
  });
  const key = Buffer.from(secret.slice("whsec_".length), "base64");
  const signature = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64");
  const headers = { "svix-id": id, "svix-timestamp": timestamp, "svix-signature": `v1,${signature}` };
  return { headers: { ...headers, "content-type": "application/json" }, body };
}

describe("the package as it is installed", () => {
  it("sends and receives in workerd without Node compatibility", async () => {
    const worker = `
      import { smoke } from "./smoke.mjs";
      ${providerIds()
        .map((id) => `import "carillon/providers/${id}";`)
        .join("\n")}
      import "carillon/channels";
      export default {
        async fetch(request) {
          const found = await smoke({}, await request.json());
          return Response.json({ ...found, node: [typeof process, typeof Buffer] });
        },
      };
    `;
    writeFileSync(join(folder, "smoke.mjs"), smoke);
    const { outputFiles } = await build({
      absWorkingDir: folder,
      stdin: { contents: worker, resolveDir: folder },
      bundle: true,
      write: false,
      format: "esm",
      platform: "neutral",
      target: "es2023",
      // Every module is evaluated, imported for something or not: workerd refuses I/O, timers and randomness at the top level.
      ignoreAnnotations: true,
    });
    const asked: string[] = [];
    const miniflare = new Miniflare(
      convertV4MiniflareOptions({
        modules: [{ type: "ESModule", path: "worker.mjs", contents: outputFiles[0]?.text ?? "" }],
        compatibilityDate,
        outboundService: (request) => {
          asked.push(`${request.method} ${request.url}`);
          return MiniflareResponse.json({ id: expected.sent });
        },
      }),
    );
    try {
      const response = await miniflare.dispatchFetch("https://example.com", {
        method: "POST",
        body: JSON.stringify(signedWebhook()),
      });
      expect(await response.json()).toEqual({ ...expected, node: ["undefined", "undefined"] });
      expect(asked).toEqual(["POST https://api.resend.com/emails"]);
    } finally {
      await miniflare.dispose();
    }
  });

  it("sends and receives in Node", async () => {
    writeFileSync(join(folder, "smoke.mjs"), smoke);
    writeFileSync(
      join(folder, "node.mjs"),
      `
        import { smoke } from "./smoke.mjs";
        const { baseUrl, webhook } = JSON.parse(process.argv[2]);
        const before = Object.getOwnPropertyNames(globalThis).length;
        ${providerIds()
          .map((id) => `await import("carillon/providers/${id}");`)
          .join("\n")}
        await import("carillon/channels");
        const added = Object.getOwnPropertyNames(globalThis).length - before;
        console.log(JSON.stringify({ ...(await smoke({ baseUrl }, webhook)), added }));
      `,
    );
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      response.setHeader("content-type", "application/json").end(JSON.stringify({ id: expected.sent }));
    });
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    try {
      const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const input = JSON.stringify({ baseUrl, webhook: signedWebhook() });
      const { stdout } = await promisify(execFile)(process.execPath, ["node.mjs", input], { cwd: folder });
      expect(JSON.parse(stdout)).toEqual({ ...expected, added: 0 });
      expect(asked).toEqual(["POST /emails"]);
    } finally {
      server.close();
    }
  });
});
