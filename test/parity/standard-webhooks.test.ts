import { signStandardWebhook } from "carillon";
import { Webhook } from "svix";
import { expect, it } from "vitest";

const current = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const next = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";

it("Svix's verifier accepts what we sign, with either secret of a rotation, and nothing else", async () => {
  const body = JSON.stringify({ id: "evt_1", type: "message.delivered", data: { to: ["ä***@example.com"] } });
  const headers = await signStandardWebhook({ id: "evt_1", sentAt: new Date(), body }, [next, current]);
  const verify = (secret: string, text: string) => (): unknown => new Webhook(secret).verify(text, headers);
  expect(verify(current, body)).not.toThrow();
  expect(verify(next, body)).not.toThrow();
  expect(verify(current, body.replace("delivered", "bounced"))).toThrow(/signature/i);
  expect(verify("whsec_BAECAwQFBgcICQoLDA0ODxAREhMUFRYX", body)).toThrow(/signature/i);
});
