import { describeProvider } from "@carillon/testing";
import { afterAll, beforeAll, vi } from "vitest";
import { settings, webpush } from "./index.ts";
import { importPrivateKey, importPublicKey, rfc8291, vapid } from "./fixtures/keys.ts";

/**
 * What is random in a request is fixed for these fixtures where the platform makes it: the sender's keys, and signatures.
 * The provider itself has no place where it could be told.
 */
beforeAll(async () => {
  const { senderPublic, senderPrivate } = rfc8291;
  const pair = {
    publicKey: await importPublicKey(senderPublic),
    privateKey: await importPrivateKey(senderPublic, senderPrivate),
  };
  vi.spyOn(crypto.subtle, "generateKey").mockResolvedValue(pair as never);
  vi.spyOn(crypto.subtle, "sign").mockResolvedValue(new ArrayBuffer(64));
});

afterAll(() => void vi.restoreAllMocks());

describeProvider({
  create: () => webpush({ vapid: [vapid.current, vapid.older] }),
  secrets: [vapid.current.privateKey, vapid.older.privateKey],
  settings,
  variables: {
    WEBPUSH_VAPID_SUBJECT: vapid.current.subject,
    WEBPUSH_VAPID_PUBLIC_KEY: vapid.current.publicKey,
    WEBPUSH_VAPID_PRIVATE_KEY: vapid.current.privateKey,
    WEBPUSH_VAPID_PREVIOUS_PUBLIC_KEY: vapid.older.publicKey,
    WEBPUSH_VAPID_PREVIOUS_PRIVATE_KEY: vapid.older.privateKey,
    WEBPUSH_ALLOWED_HOSTS: "push.example.net, push.example.org:8443",
  },
  fixtures: import.meta.glob<string>("./fixtures/send/**", { query: "?raw", import: "default", eager: true }),
  // RFC 8030 section 5: 201. There is no body.
  statusAloneAccepts: true,
  // What is not encrypted, the push service could read; and nothing comes back that would have to be matched.
  carriesMessageId: false,
});
