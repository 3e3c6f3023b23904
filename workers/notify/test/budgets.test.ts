import { describe, expect, it } from "vitest";
import { meter } from "./meter.ts";
import { accept, email, message, untilStatus } from "./service.ts";
import { simulator } from "./worker.ts";

describe("what a message costs", () => {
  it("accepts 1,000 recipients with one transaction", async () => {
    const counted = await meter();
    const to = Array.from({ length: 1_000 }, (_, index) => `delivered+${index}@simulator.test`);
    const sendAt = new Date(Date.now() + 3_600_000).toISOString();
    const { messages } = await accept(email(to, { sendAt }));
    expect(messages).toHaveLength(1_000);
    console.log("accept 1000", counted);
    expect(counted.transactions).toBe(1);
    expect(counted.largestValue).toBeLessThan(2_000_000);
  });

  it("writes at most 14 rows from accept to delivered", async () => {
    const counted = await meter();
    const { messages } = await accept(email("delivered@simulator.test", { providers: ["postmark"] }));
    console.log("accept 1", { ...counted });
    await untilStatus(messages[0]!.id, "sent").catch(() => undefined);
    await untilStatus(messages[0]!.id, "delivered");
    console.log("delivered 1", counted, (await message(messages[0]!.id)).timeline.length);
    await simulator.settle();
    expect(counted.rowsWritten).toBeLessThanOrEqual(14);
  });
});
