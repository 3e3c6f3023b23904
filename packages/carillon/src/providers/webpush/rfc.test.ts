import { describe, expect, test } from "vitest";
import { fromBase64Url, toBase64Url, utf8 } from "../../crypto/bytes.ts";
import { encryptPush, importReceiverKey, senderKeySupply } from "./encrypt.ts";
import { bytesOf, importPrivateKey, rfc8291 } from "./fixtures/keys.ts";
import { decryptPush, isVapidTokenOf } from "./fixtures/receiver.ts";

const { plaintext, senderPublic, senderPrivate, receiverPublic, receiverPrivate, salt, authSecret, body } = rfc8291;

async function receiver(): Promise<Parameters<typeof encryptPush>[0]> {
  const point = bytesOf(receiverPublic);
  return { point, publicKey: await importReceiverKey(point), authSecret: bytesOf(authSecret) };
}

describe("RFC 8291, appendix A", () => {
  test("is what is made of its keys, its salt and its text", async () => {
    const sender = { privateKey: await importPrivateKey(senderPublic, senderPrivate), point: bytesOf(senderPublic) };
    const made = await encryptPush(await receiver(), sender, bytesOf(salt), utf8(plaintext));
    expect(toBase64Url(made)).toBe(body);
    expect(made).toHaveLength(144);
  });

  test("is read by the receiver that these tests read with", async () => {
    const keys = { publicKey: receiverPublic, privateKey: receiverPrivate, authSecret };
    expect(new TextDecoder().decode(await decryptPush(bytesOf(body), keys))).toBe(plaintext);
  });
});

test("what web-push 3.6.7 encrypted is read by that receiver, too", async () => {
  // npm web-push 3.6.7, `generateRequestDetails` for the receiver of RFC 8291.
  const recorded =
    "QsRRk6JJs6jAHDCNOJ2D3QAAEABBBEB-fPMxpgWKCzuSNCdmYHcg7kv7no-JLETJuOdfERfgalblWrIBemohZl8yKxmyfkIjYe5YM5utLA9Od91aULpgXsrAmev4-Ovi4ncS4L1ks8gdy5wkDK55ozs1L0CMSuROhwOdiIatcoPK6rdX2uZbqdIFaNjm5yxA0tQGzg6WjhVasfYMjA4f9pdeCJRbUZtxWot3Vj9z3KFFyB3qa0giUZOH-wieDA6p";
  const keys = { publicKey: receiverPublic, privateKey: receiverPrivate, authSecret };
  expect(JSON.parse(new TextDecoder().decode(await decryptPush(bytesOf(recorded), keys)))).toEqual({
    web_push: 8030,
    notification: { title: "Hi ✓", navigate: "https://app.example.com/" },
  });
});

test.each([
  [
    "RFC 8292, section 2.4",
    "vapid t=eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9.eyJhdWQiOiJodHRwczovL3B1c2guZXhhbXBsZS5uZXQiLCJleHAiOjE0NTM1MjM3NjgsInN1YiI6Im1haWx0bzpwdXNoQGV4YW1wbGUuY29tIn0.i3CYb7t4xfxCDquptFOepC9GAu_HLGkMlMuCGSK2rpiUfnK9ojFwDXb1JrErtmysazNjjvW2L9OkSSHzvoD1oA, k=BA1Hxzyi1RUM1b5wjxsn7nGxAszw2u61m164i3MrAIxHF6YK5h4SDYic-dRuU_RCPCfA5aq9ojSwk5Y2EmClBPs",
  ],
  [
    "mozilla-services/autopush-rs, autoendpoint/src/headers/vapid.rs",
    "vapid t=eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9.eyJhdWQiOiJodHRwczovL3B1c2guc2VydmljZXMubW96aWxsYS5jb20iLCJleHAiOjE3MTM1NjQ4NzIsInN1YiI6Im1haWx0bzphZG1pbkBleGFtcGxlLmNvbSJ9.t7uOYm8nbqFkuNpDeln-UeqSC58xu96Mc9tUVifQu1zAAndHYwvMd3-u--PuUo3S_VrqYXEaIlNIOOrGd3iUBA,k=BLMymkOqvT6OZ1o9etCqV4jGPkvOXNz5FdBjsAR9zR5oeCV1x5CBKuSLTlHon-H_boHTzMtMoNHsAGDlDB6X7vI",
  ],
])("the check of VAPID headers that these tests use takes that of %s", async (_, header) => {
  expect(await isVapidTokenOf(header)).toBe(true);
  expect(await isVapidTokenOf(header.replace(".eyJhdWQi", ".eyJhdWQj"))).toBe(false);
});

test("senders' keys are new each time, those that were made ahead too, and cannot be taken out", async () => {
  const next = senderKeySupply();
  const seen = new Set<string>();
  for (let round = 0; round < 5; round++) {
    for (const { point, privateKey } of await Promise.all(Array.from({ length: 40 }, next))) {
      expect(point).toHaveLength(65);
      expect(privateKey.extractable).toBe(false);
      seen.add(toBase64Url(point));
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(seen.size).toBe(200);
  expect(fromBase64Url([...seen][0] ?? "")?.[0]).toBe(4);
});
