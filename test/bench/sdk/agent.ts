import { Agent as HttpAgent, request as requestHttp } from "node:http";
import { Agent, request as requestHttps } from "node:https";
import { connect } from "node:net";
import type { NotifierOptions } from "carillon";

/**
 * An agent for `https:` whose connections all lead to the sink, without TLS: for SDKs that have no option for another
 * address. Both sides get one where one needs it.
 */
export function agentTo(sink: string): Agent {
  const { hostname, port } = new URL(sink);
  const agent = new Agent({ keepAlive: true });
  agent.createConnection = () => connect({ host: hostname, port: Number(port), noDelay: true });
  return agent;
}

/** A `fetch` over Node's own client and a keep-alive agent: as much of one as Carillon asks for. */
export function fetchByNode(
  agent: HttpAgent | Agent = new HttpAgent({ keepAlive: true }),
): NonNullable<NotifierOptions["fetch"]> {
  const request = agent instanceof Agent ? requestHttps : requestHttp;
  return async (input, init) => {
    // Forms and bytes as `fetch` would write them.
    const whole = typeof init.body === "string" ? undefined : new Request(input, init);
    const body = whole ? Buffer.from(await whole.arrayBuffer()) : Buffer.from(init.body as string);
    const type = whole?.headers.get("content-type");
    const headers = {
      ...(init.headers as Record<string, string>),
      ...(type && { "content-type": type }),
      "content-length": body.length,
    };
    return new Promise((resolve, reject) => {
      const sent = request(input, { method: init.method, agent, headers }, (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
        incoming.on("error", reject);
        incoming.on("end", () => {
          init.signal?.removeEventListener("abort", stop);
          const answered = { status: incoming.statusCode ?? 0, headers: incoming.headers as Record<string, string> };
          resolve(new Response(Buffer.concat(chunks), answered));
        });
      });
      const stop = (): void => void sent.destroy();
      init.signal?.addEventListener("abort", stop);
      sent.on("error", reject);
      sent.end(body);
    });
  };
}
