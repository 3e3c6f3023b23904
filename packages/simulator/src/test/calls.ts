import { simulatorCredentials } from "../credentials.ts";
import type { Simulator } from "../simulator.ts";

/** What tests call the providers' APIs with. */

const json = { "content-type": "application/json", accept: "application/json" };

export const credentials: Readonly<Record<"resend" | "sendgrid" | "postmark", Readonly<Record<string, string>>>> = {
  resend: { ...json, authorization: `Bearer ${simulatorCredentials.resend.apiKey}` },
  sendgrid: { ...json, authorization: `Bearer ${simulatorCredentials.sendgrid.apiKey}` },
  postmark: { ...json, "x-postmark-server-token": simulatorCredentials.postmark.serverToken },
};

export interface Called {
  readonly status: number;
  readonly headers: Headers;
  // eslint-disable-next-line typescript/no-explicit-any -- tests compare it with what they expect
  readonly json: any;
}

/** Posts JSON, or a string as it is. */
export async function post(
  simulator: Simulator,
  url: string,
  headers: Readonly<Record<string, string>>,
  body: unknown,
  init: RequestInit = {},
): Promise<Called> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return read(await simulator.fetch(url, { method: "POST", headers, body: text, ...init }));
}

export async function get(simulator: Simulator, path: string): Promise<Called> {
  return read(await simulator.fetch(`http://localhost${path}`));
}

async function read(response: Response): Promise<Called> {
  const text = await response.text();
  return { status: response.status, headers: response.headers, json: text === "" ? undefined : JSON.parse(text) };
}

/** The smallest message that each provider takes, sent. */
export const send: Readonly<
  Record<
    "resend" | "sendgrid" | "postmark",
    (
      simulator: Simulator,
      to: string,
      options?: { messageId?: string; key?: string; signal?: AbortSignal },
    ) => Promise<Called>
  >
> = {
  resend: (simulator, to, { messageId, key, signal } = {}) =>
    post(
      simulator,
      "https://api.resend.com/emails",
      { ...credentials.resend, ...(key !== undefined && { "idempotency-key": key }) },
      {
        from: "a@example.com",
        to,
        subject: "Hi",
        text: "x",
        ...(messageId !== undefined && { tags: [{ name: "carillon_message_id", value: messageId }] }),
      },
      signal ? { signal } : {},
    ),
  sendgrid: (simulator, to, { messageId } = {}) =>
    post(simulator, "https://api.sendgrid.com/v3/mail/send", credentials.sendgrid, {
      personalizations: [{ to: [{ email: to }] }],
      from: { email: "a@example.com" },
      subject: "Hi",
      content: [{ type: "text/plain", value: "x" }],
      ...(messageId !== undefined && { custom_args: { carillon_message_id: messageId } }),
    }),
  postmark: (simulator, to, { messageId } = {}) =>
    post(simulator, "https://api.postmarkapp.com/email", credentials.postmark, {
      From: "a@example.com",
      To: to,
      Subject: "Hi",
      TextBody: "x",
      ...(messageId !== undefined && { Metadata: { carillon_message_id: messageId } }),
    }),
};

export interface ReceivedWebhook {
  readonly url: string;
  readonly headers: Headers;
  readonly body: string;
}

/** A receiver that keeps what it gets, and answers with the next of these statuses, then with 200. */
export function receiver(...statuses: (number | "no answer")[]): {
  readonly received: ReceivedWebhook[];
  readonly deliver: (url: string, init: RequestInit) => Promise<Response>;
} {
  const received: ReceivedWebhook[] = [];
  return {
    received,
    deliver: (url, init) => {
      const body = typeof init.body === "string" ? init.body : new TextDecoder().decode(init.body as Uint8Array);
      received.push({ url, headers: new Headers(init.headers), body });
      const status = statuses.shift() ?? 200;
      return status === "no answer"
        ? Promise.reject(new Error("refused"))
        : Promise.resolve(new Response(null, { status }));
    },
  };
}
