import { describe, expect, it } from "vitest";
import { accept, call, email, fault, message, received, until, untilStatus } from "./service.ts";

describe("one email, all the way round", () => {
  it("brings a message to delivered by the provider's signed webhook", async () => {
    const { messages } = await accept(email("delivered@simulator.test"));
    const found = await untilStatus(messages[0]!.id, "delivered");
    expect(found.provider).toBe("resend");
    expect(found.timeline.map(({ kind, outcome, type }) => outcome ?? type ?? kind)).toEqual([
      "accepted",
      "sent",
      "delivered",
    ]);
    expect(Object.keys(found.milestones).toSorted()).toEqual(["delivered", "sent"]);
    expect(received(found.id)).toBe(1);
  });

  it("suppresses an address that bounced, and sends nothing more to it", async () => {
    const first = await accept(email("bounced+once@simulator.test"));
    await untilStatus(first.messages[0]!.id, "bounced");
    await until(first.messages[0]!.id, () => true);
    await expect.poll(async () => (await call("GET", "/v1/suppressions")).text()).toContain('"reason":"bounced"');

    const second = await accept(email(["bounced+once@simulator.test", "delivered+other@simulator.test"]));
    const held = await untilStatus(second.messages[0]!.id, "suppressed");
    expect(held.timeline).toMatchObject([{ kind: "decision", rule: "suppression", reason: "bounced" }]);
    expect(received(held.id)).toBe(0);
    await untilStatus(second.messages[1]!.id, "delivered");
  });

  it("keeps a message back whose address the guard does not allow", async () => {
    const { messages } = await accept(email("ada@example.com"));
    const found = await untilStatus(messages[0]!.id, "captured");
    expect(found.timeline).toMatchObject([{ kind: "decision", rule: "guard", then: "captured" }]);
    expect(received(found.id)).toBe(0);
  });

  it("captures the whole envelope when one of its addresses is outside", async () => {
    const { messages } = await accept(email(["delivered@simulator.test", "ada@example.com"], { envelope: true }));
    expect(messages).toHaveLength(1);
    await untilStatus(messages[0]!.id, "captured");
  });

  it("fails over to the next provider when one answers that its key is wrong", async () => {
    await fault({
      kind: "respond",
      provider: "resend",
      recipient: "failover@simulator.test",
      status: 401,
      body: { name: "missing_api_key", message: "no", statusCode: 401 },
    });
    const { messages } = await accept(email("failover@simulator.test"));
    const found = await untilStatus(messages[0]!.id, "delivered");
    expect(found.provider).toBe("postmark");
    expect(found.possibleDuplicate).toBe(false);
    expect(found.timeline[0]).toMatchObject({
      kind: "attempt",
      provider: "resend",
      failure: "unauthorized",
      then: { action: "retry", lane: "postmark:default", at: expect.stringMatching(/^\d{4}-.*Z$/) },
    });
  });

  it("sends at the moment that was asked for, and not before", async () => {
    const sendAt = new Date(Date.now() + 1_500).toISOString();
    const { messages } = await accept(email("delivered+later@simulator.test", { sendAt }));
    expect((await message(messages[0]!.id)).status).toBe("scheduled");
    expect(received(messages[0]!.id)).toBe(0);
    const found = await untilStatus(messages[0]!.id, "delivered");
    expect(Date.parse(String(found.timeline[0]!["at"]))).toBeGreaterThanOrEqual(Date.parse(sendAt));
  });

  it("sends through each provider and hears back from it", async () => {
    for (const provider of ["resend", "postmark", "sendgrid"]) {
      const { messages } = await accept(
        email([`delivered+${provider}@simulator.test`, `complained+${provider}@simulator.test`], {
          providers: [provider],
        }),
      );
      const delivered = await untilStatus(messages[0]!.id, "delivered");
      expect(delivered.provider).toBe(provider);
      await untilStatus(messages[1]!.id, "complained");
    }
  });
});
