import { Agent, request } from "node:http";

/** One POST of a load: a body that is made when it is sent. */
export interface Shot {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Sends shots for a time, so many in flight, and gives back how many were answered a second. Any other status ends it. */
export async function perSecond(
  base: URL,
  make: () => Shot,
  options: { readonly inFlight: number; readonly forMs: number; readonly status: number },
): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: options.inFlight });
  const start = performance.now();
  let answered = 0;
  const worker = async (): Promise<void> => {
    while (performance.now() - start < options.forMs) {
      const status = await fire(base, make(), agent);
      if (status !== options.status) throw new Error(`${base.pathname} answered ${status}, not ${options.status}`);
      answered += 1;
    }
  };
  await Promise.all(Array.from({ length: options.inFlight }, worker));
  agent.destroy();
  return (answered * 1000) / (performance.now() - start);
}

export function fire(base: URL, shot: Shot, agent?: Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(
      new URL(shot.path, base),
      { method: "POST", headers: { ...shot.headers, "content-length": shot.body.length }, ...(agent ? { agent } : {}) },
      (answer) => {
        answer.resume();
        answer.on("end", () => resolve(answer.statusCode ?? 0));
      },
    );
    sent.on("error", reject);
    sent.end(shot.body);
  });
}
