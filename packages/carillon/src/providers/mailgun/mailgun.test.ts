import { describeProvider, describeWebhook, type WebhookKey } from "@carillon/testing";
import { mailgun, mailgunWebhook, settings } from "./index.ts";

describeProvider({
  create: () => mailgun({ apiKey: "key-test", domain: "mg.example.com" }),
  secrets: ["key-test", btoa("api:key-test")],
  settings,
  variables: { MAILGUN_API_KEY: "key-test", MAILGUN_DOMAIN: "mg.example.com", MAILGUN_WEBHOOK_SIGNING_KEY: "signing" },
  fixtures: import.meta.glob<string>("./fixtures/{send,batch}/**", { query: "?raw", import: "default", eager: true }),
});

const utf8 = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>;

/** Signs as Mailgun does: what it signs, and the signature, stand in the body beside the event, of which nothing is signed. */
function signingKey(option: string): WebhookKey<string> {
  return {
    option,
    covers: "fields",
    toleranceSeconds: 32_400,
    replayGuard: true,
    async sign(_, at) {
      const timestamp = String(Math.floor(at.getTime() / 1000));
      const token = `${timestamp}e0b5477167110d68991efc6b9f89f0a11066af27`;
      const key = await crypto.subtle.importKey("raw", utf8(option), { name: "HMAC", hash: "SHA-256" }, false, [
        "sign",
      ]);
      const bytes = new Uint8Array(await crypto.subtle.sign("HMAC", key, utf8(timestamp + token)));
      const signature = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
      return { timestamp, token, signature };
    },
    place(request, signature) {
      let text: string;
      let json: unknown;
      try {
        text = new TextDecoder("utf-8", { fatal: true }).decode(request.body);
        json = JSON.parse(text);
      } catch {
        return undefined;
      }
      const isObject = typeof json === "object" && json !== null && !Array.isArray(json);
      // What is no object stands where the event should, as it is: JSON.stringify does not write what is nested deeply.
      const body = isObject
        ? JSON.stringify({ ...(json as object), signature })
        : `{"signature":${JSON.stringify(signature)},"event-data":${text}}`;
      return { ...request, body: utf8(body) };
    },
  };
}

describeWebhook({
  create: (option: string | readonly string[]) => mailgunWebhook({ signingKey: option }),
  keys: [signingKey("key-first"), signingKey("key-other")],
  fixtures: import.meta.glob<string>("./fixtures/webhook/**", { query: "?raw", import: "default", eager: true }),
});
