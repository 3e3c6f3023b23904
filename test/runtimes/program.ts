import { identifier } from "../../scripts/generate.ts";

/** What a program is handed for one provider. */
export interface Task {
  readonly id: string;
  readonly channel: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly message: object;
  /** A webhook as it arrived, if the provider sends any. */
  readonly webhook?: Webhook | undefined;
}

export interface Webhook {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** In base64. */
  readonly body: string;
}

/** What a program found; a sentence where something is not as it must be. */
export interface Found {
  readonly sent: string;
  readonly received: string;
}

/**
 * A module, in plain JavaScript, that exports `run({ simulator, tasks })`: with the package as it is installed, one message
 * through every provider, one webhook to every receiver, and one that was forged.
 */
export function program(ids: readonly string[]): string {
  return `
import { createNotifier, receiveWebhook } from "carillon";
import "carillon/channels";
${ids.map((id) => `import { settings as ${identifier(id)} } from "carillon/providers/${id}";`).join("\n")}

const providers = { ${ids.map((id) => `"${id}": ${identifier(id)}`).join(", ")} };

/** Every provider's host stands first in the path of the simulator's own. */
const to = (simulator) => (url, init) => {
  const { host, pathname, search } = new URL(url);
  return fetch(simulator + "/" + host + pathname + search, init);
};

async function send({ id, channel, variables, message }, simulator) {
  const provider = providers[id].send.create(variables);
  const notifier = createNotifier({ [channel]: [provider], fetch: to(simulator), attempts: 1 });
  const result = await notifier.send({ channel, ...message });
  if (!result.ok) return result.kind + ": " + result.detail;
  return result.outcome === "sent" && result.provider === id ? "ok" : result.outcome;
}

async function receive({ id, variables, webhook }) {
  if (!webhook) return "none";
  const source = providers[id].receive.create(variables);
  const body = Uint8Array.from(atob(webhook.body), (character) => character.charCodeAt(0));
  const request = (headers) => new Request(webhook.url, { method: "POST", headers, body });
  const received = await receiveWebhook(source, request(webhook.headers));
  if (!received.ok) return received.reason;
  if (received.events.length === 0) return "no event";
  const forged = await receiveWebhook(source, request(forge(webhook.headers, source.scheme.headers)));
  return forged.ok ? "a forged one, too" : "ok";
}

/** The proof of another request: its characters in another order. */
function forge(headers, proofs) {
  const turn = (value) => value.replace(/[0-9a-z]{4,}/gi, (word) => [...word].reverse().join(""));
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, proofs.includes(name) ? turn(value) : value]));
}

export async function run({ simulator, tasks }) {
  const found = {};
  for (const task of tasks) {
    const said = (error) => String(error);
    found[task.id] = { sent: await send(task, simulator).catch(said), received: await receive(task).catch(said) };
  }
  return found;
}
`;
}
