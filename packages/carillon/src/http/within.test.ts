import { describe, expect, it, vi } from "vitest";
import { within } from "./within.ts";

const never = new Promise<never>(() => {});

describe("within", () => {
  it("gives what the promise gives in time, its rejection too", async () => {
    expect(await within(1000, undefined, Promise.resolve(7))).toBe(7);
    await expect(within(1000, undefined, Promise.reject(new Error("own")))).rejects.toThrow("own");
  });

  it("gives nothing when the time is over", async () => {
    expect(await within(1, undefined, never)).toBeUndefined();
    expect(await within(1)).toBeUndefined();
  });

  it("gives nothing when the signal aborts, or has aborted", async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 5);
    expect(await within(60_000, controller.signal, never)).toBeUndefined();
    expect(await within(60_000, controller.signal)).toBeUndefined();
  });

  it("leaves no timer and no listener behind, however it ends", async () => {
    const { signal } = new AbortController();
    const removed = vi.spyOn(signal, "removeEventListener");
    const cleared = vi.spyOn(globalThis, "clearTimeout");
    await within(1000, signal, Promise.resolve());
    await within(1000, signal, Promise.reject(new Error("own"))).catch(() => {});
    expect(removed).toHaveBeenCalledTimes(2);
    expect(cleared).toHaveBeenCalledTimes(2);
    vi.restoreAllMocks();
  });
});
