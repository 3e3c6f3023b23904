import { describeProvider, describeWebhook, type WebhookKey, type WebhookParts } from "@carillon/testing";
import { toBase64, utf8 } from "../../crypto/bytes.ts";
import { settings, twilio, twilioWebhook } from "./index.ts";

const accountSid = "AC00000000000000000000000000000001";
const origin = "https://notify.example.com";

describeProvider({
  create: () =>
    twilio({
      accountSid,
      authToken: "twilio_test_token",
      from: "+15005550006",
      statusCallback: `${origin}/v1/webhooks/twilio`,
    }),
  // What Basic authentication makes of it, too.
  secrets: ["twilio_test_token", btoa(`${accountSid}:twilio_test_token`)],
  settings,
  variables: {
    TWILIO_ACCOUNT_SID: accountSid,
    TWILIO_AUTH_TOKEN: "twilio_test_token",
    TWILIO_FROM: "+15005550006",
    TWILIO_STATUS_CALLBACK: `${origin}/v1/webhooks/twilio`,
  },
  fixtures: import.meta.glob<string>("./fixtures/{send,batch}/**", { query: "?raw", import: "default", eager: true }),
});

const formOf = ({ body }: WebhookParts): URLSearchParams => new URLSearchParams(new TextDecoder().decode(body));

/** As Twilio signs: the URL and the sorted fields of the form, or with a hash of the body in it the URL alone. */
function twilioKey(token: string): WebhookKey<string> {
  return {
    option: token,
    covers: "fields",
    async sign(request) {
      const pairs = request.url.includes("bodySHA256=") ? [] : [...formOf(request)];
      const fields = pairs.sort(([a], [b]) => (a < b ? -1 : Number(a > b))).flat();
      const key = await crypto.subtle.importKey("raw", utf8(token), { name: "HMAC", hash: "SHA-1" }, false, ["sign"]);
      const signature = await crypto.subtle.sign("HMAC", key, utf8(request.url + fields.join("")));
      return { "x-twilio-signature": toBase64(new Uint8Array(signature)) };
    },
    fields: {
      // Path and query; that another case of the host is the same host, is true.
      read: (request) => ({ target: request.url.replace(origin, ""), ...Object.fromEntries(formOf(request)) }),
      write(request, changed) {
        const form = formOf(request);
        for (const [name, value] of Object.entries(changed)) {
          if (name === "target") continue;
          if (value === undefined) form.delete(name);
          else form.set(name, value);
        }
        const url = "target" in changed ? origin + (changed["target"] ?? "/") : request.url;
        return { ...request, url, body: utf8(`${form}`) };
      },
    },
  };
}

describeWebhook({
  create: (authToken) => twilioWebhook({ authToken }),
  keys: [twilioKey("first token"), twilioKey("other token")],
  fixtures: import.meta.glob<string>("./fixtures/webhook/**", { query: "?raw", import: "default", eager: true }),
});
