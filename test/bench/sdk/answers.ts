import { createServer, type Server } from "node:http";
import { simulatorCredentials } from "@carillon/simulator";

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const id = "5f2c7a1e-3b64-4f0e-9d51-0c8e6f7a2b13";

function json(status: number, value: unknown): Answer {
  return { status, headers: { "content-type": "application/json" }, body: JSON.stringify(value) };
}

/** What each provider says when it takes a message, by the path that it is asked at: the first that fits. */
const answers: readonly (readonly [path: RegExp, answer: Answer])[] = [
  [/^\/emails$/, json(200, { id })],
  [/^\/v3\/mail\/send$/, { status: 202, headers: { "x-message-id": id }, body: "" }],
  [
    /^\/email$/,
    json(200, {
      To: "ada@example.com",
      SubmittedAt: "2026-01-02T03:04:05.0000000Z",
      MessageID: id,
      ErrorCode: 0,
      Message: "OK",
    }),
  ],
  [/^\/v2\/email\/outbound-emails$/, json(200, { MessageId: id })],
  [/^\/v3\/[^/]+\/messages$/, json(200, { id: `<${id}@example.com>`, message: "Queued. Thank you." })],
  [
    /^\/2010-04-01\/Accounts\/\w+\/Messages\.json$/,
    json(201, {
      account_sid: simulatorCredentials.twilio.accountSid,
      api_version: "2010-04-01",
      body: "Your order 1042 is on its way.",
      date_created: "Fri, 02 Jan 2026 03:04:05 +0000",
      date_sent: null,
      date_updated: "Fri, 02 Jan 2026 03:04:05 +0000",
      direction: "outbound-api",
      error_code: null,
      error_message: null,
      from: "+15005550006",
      messaging_service_sid: null,
      num_media: "0",
      num_segments: "1",
      price: null,
      price_unit: "USD",
      sid: "SM0123456789abcdef0123456789abcdef",
      status: "queued",
      subresource_uris: { media: "/2010-04-01/Accounts/AC/Messages/SM/Media.json" },
      to: "+447700900123",
      uri: "/2010-04-01/Accounts/AC/Messages/SM.json",
    }),
  ],
  [
    /^\/api\/chat\.postMessage$/,
    json(200, { ok: true, channel: "C012AB3CD", ts: "1767323045.000100", message: { type: "message", text: "x" } }),
  ],
  [/^\/services\//, { status: 200, headers: { "content-type": "text/plain" }, body: "ok" }],
  [
    /^\/api\/(v10\/)?webhooks\//,
    json(200, {
      id: "1100000000000000042",
      type: 0,
      content: "Deployed api v2",
      channel_id: "1100000000000000001",
      webhook_id: "100000000000000001",
      author: { id: "100000000000000001", username: "Captain Hook", bot: true },
      embeds: [],
      components: [],
      timestamp: "2026-01-02T03:04:05.000000+00:00",
    }),
  ],
  [/^\/token$/, json(200, { access_token: "ya29.benchmark", expires_in: 3599, token_type: "Bearer" })],
  [/^\/v1\/projects\/[^/]+\/messages:send$/, json(200, { name: "projects/demo/messages/0:1767323045000100%0" })],
  [/^\/wp\//, { status: 201, headers: { location: `https://push.example.net/m/${id}` }, body: "" }],
];

/** Takes every message at once, without a look at it; what is no provider's path is refused. */
export function createSink(): Server {
  return createServer((incoming, outgoing) => {
    const path = incoming.url?.split("?")[0] ?? "";
    const { status, headers, body } = answers.find(([pattern]) => pattern.test(path))?.[1] ?? json(404, { path });
    incoming.resume();
    incoming.on("end", () => {
      outgoing.writeHead(status, { ...headers, "content-length": Buffer.byteLength(body) });
      outgoing.end(body);
    });
  });
}
