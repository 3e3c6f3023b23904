import { createServer, type Server } from "node:net";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { choosePort } from "./ports.ts";

let servers: Server[] = [];

afterEach(async () => {
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  servers = [];
});

/** Listens on a port that nobody had; answers which. */
async function takePort(host = "127.0.0.1"): Promise<number> {
  const server = createServer();
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return (server.address() as AddressInfo).port;
}

describe("the choice of a port", () => {
  it("is the next free one when the usual one is taken, on whatever address", async () => {
    for (const host of ["127.0.0.1", "0.0.0.0"]) {
      const taken = await takePort(host);
      const chosen = await choosePort("PORT", taken, [taken + 1], {});
      expect(chosen.port).toBeGreaterThan(taken + 1);
      expect(chosen.instead).toBe(taken);
    }
  });

  it("is the named one, or an error that names it", async () => {
    const taken = await takePort();
    await expect(choosePort("PORT", 1, [], { PORT: String(taken) })).rejects.toThrow(
      `Port ${taken}, which PORT names, is taken.`,
    );
    const freed = await takePort();
    await new Promise((resolve) => servers.pop()?.close(resolve));
    expect(await choosePort("PORT", 1, [], { PORT: String(freed) })).toEqual({ port: freed, instead: undefined });
    await expect(choosePort("PORT", 1, [freed], { PORT: String(freed) })).rejects.toThrow("is taken");
  });

  it.each(["0", "65536", "-1", "8787x", "1e3", "3.5"])("refuses %s", async (named) => {
    await expect(choosePort("PORT", 1, [], { PORT: named })).rejects.toThrow("PORT is not a port");
  });
});
