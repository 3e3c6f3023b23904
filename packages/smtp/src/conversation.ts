import type { Carry, FailureKind, OutboundRequest, ProviderFailure, ProviderResponse } from "carillon";
import { base64, fromBase64 } from "./base64.ts";
import type { SmtpOptions } from "./options.ts";
import { repliesOf, type Replies, type Reply } from "./replies.ts";
import { defaultPort } from "./request.ts";
import type { Connection } from "./connection.ts";
import { open } from "./socket.ts";
import type { SmtpAnswer } from "./wire.ts";

type Said = ProviderResponse | ProviderFailure;

/** Ends a conversation: what is to be told of it. */
interface Refusal {
  readonly said: Said;
}

const encoder = /* @__PURE__ */ new TextEncoder();

/** The server's last word, as a provider reads answers: its code is the status. */
function answered(command: SmtpAnswer["command"], { code, lines }: Reply, more: Partial<SmtpAnswer> = {}): Said {
  const answer: SmtpAnswer = { command, reply: `${code} ${lines.join(" ")}`.trim(), ...more };
  return { status: code, headers: new Headers(), text: JSON.stringify(answer), json: answer, truncated: false };
}

/** Our own word: the server was asked nothing further. */
function unsent(kind: FailureKind, detail: string, tryNext?: true): Said {
  return { ok: false, kind, detail, notAccepted: true, tryNext };
}

/** The system's name of what went wrong (`ECONNREFUSED`), which is no text of a stranger's. */
function nameOf(error: unknown): string {
  const { code } = Object(error) as { readonly code?: unknown };
  return typeof code === "string" && /^[A-Z_\d]+$/.test(code) ? `: ${code}` : "";
}

/** Carries a request of `buildSmtpRequest` to the server, over a connection of its own (RFC 5321). */
export function carryWith(options: SmtpOptions): Carry {
  const { host, port = defaultPort(options), security = "starttls", ca } = options;
  return async (request, signal, handedOver) => {
    let connection: Connection;
    try {
      const opened = await open({ host, port, tls: security === "tls", ca }, signal);
      if (typeof opened === "string") return unsent("rejected", opened, true);
      connection = opened;
    } catch (error) {
      return unsent("network", `The connection failed${nameOf(error)}`);
    }
    const close = (): void => connection.close();
    signal.addEventListener("abort", close);
    if (signal.aborted) close();
    try {
      const said = await converse(connection, request, options, handedOver);
      // Whoever is told no longer waits for the server's farewell.
      connection.finish(encoder.encode("QUIT\r\n"));
      return said;
    } catch (error) {
      connection.close();
      throw error;
    } finally {
      signal.removeEventListener("abort", close);
    }
  };
}

async function converse(
  connection: Connection,
  { headers, body }: OutboundRequest,
  { security = "starttls", name = "[127.0.0.1]" }: SmtpOptions,
  handedOver: () => void,
): Promise<Said> {
  let replies: Replies = repliesOf(connection);
  const write = (text: string): Promise<void> => connection.write(encoder.encode(text));
  /** What was said before it was asked for would be taken for the answer: for the server's word that it has the mail. */
  const listen = (): void => {
    if (replies.isAhead) throw new Error("The server spoke out of turn");
  };
  const ask = async (line: string): Promise<Reply> => {
    listen();
    await write(`${line}\r\n`);
    return replies.next();
  };
  const greet = async (): Promise<ReadonlyMap<string, string> | Refusal> => {
    const reply = await ask(`EHLO ${name}`);
    return reply.code === 250 ? extensionsOf(reply) : { said: answered("EHLO", reply) };
  };

  const greeting = await replies.next();
  if (greeting.code !== 220) return answered("connect", greeting);
  let extensions = await greet();
  if ("said" in extensions) return extensions.said;
  if (security === "starttls") {
    if (!extensions.has("STARTTLS")) {
      return unsent("rejected", 'The server offers no STARTTLS, and `security` is "starttls"', true);
    }
    const reply = await ask("STARTTLS");
    if (reply.code !== 220) return answered("STARTTLS", reply);
    // Put there by somebody in between, in clear text, to be taken for what comes under TLS (CVE-2021-38371).
    if (replies.isAhead) return unsent("rejected", "The server went on in clear text after STARTTLS", true);
    try {
      await connection.startTls();
    } catch (error) {
      return unsent("network", `The TLS handshake failed${nameOf(error)}`);
    }
    replies = repliesOf(connection);
    extensions = await greet();
    if ("said" in extensions) return extensions.said;
  }

  const { authorization, "mail-from": from, "rcpt-to": recipients = "", "message-id": messageId } = headers;
  if (authorization) {
    const refusal = await authenticate(ask, extensions.get("AUTH") ?? "", authorization);
    if (refusal) return refusal.said;
  }
  // RFC 5321 section 4.5.2: a dot at the beginning of a line is doubled. All of it is ASCII.
  const data = `${(body as string).replace(/(^|\n)\./g, "$1..")}\r\n`;
  const size = extensions.has("SIZE") ? ` SIZE=${data.length}` : "";
  const mail = await ask(`MAIL FROM:<${from}>${size}`);
  if (mail.code !== 250) return answered("MAIL", mail);
  for (const [recipient, address] of recipients.split(" ").entries()) {
    const reply = await ask(`RCPT TO:<${address}>`);
    // 251: the server knows where to forward it. 252: it will try.
    if (reply.code < 250 || reply.code > 252) return answered("RCPT", reply, { recipient });
  }
  const go = await ask("DATA");
  if (go.code !== 354) return answered("DATA", go);
  await write(data);
  listen();
  handedOver();
  return answered(".", await ask("."), { messageId });
}

/** RFC 5321 section 4.1.1.1: the first line greets, each other one is a keyword and its parameters. */
function extensionsOf({ lines }: Reply): ReadonlyMap<string, string> {
  return new Map(
    lines.slice(1).map((line) => {
      const [, keyword = "", parameters = ""] = /^([^ =]*)[ =]?(.*)$/.exec(line) ?? [];
      return [keyword.toUpperCase(), parameters.toUpperCase()];
    }),
  );
}

/** RFC 4954 with PLAIN, in one go; else with LOGIN, which has no standard and is what Microsoft's servers know. */
async function authenticate(
  ask: (line: string) => Promise<Reply>,
  offered: string,
  plain: string,
): Promise<Refusal | undefined> {
  const mechanisms = offered.split(" ");
  const [, username = "", password = ""] = fromBase64(plain).split("\0");
  let lines: readonly string[];
  if (mechanisms.includes("PLAIN")) lines = [`AUTH PLAIN ${plain}`];
  else if (mechanisms.includes("LOGIN")) lines = ["AUTH LOGIN", base64(username), base64(password)];
  else return { said: unsent("unauthorized", "The server offers neither AUTH PLAIN nor AUTH LOGIN") };
  for (const [index, line] of lines.entries()) {
    const reply = await ask(line);
    const expected = index === lines.length - 1 ? 235 : 334;
    if (reply.code !== expected) return { said: answered("AUTH", reply) };
  }
  return undefined;
}
