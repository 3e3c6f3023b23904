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
  const { hostname, pathname, search } = new URL(url);
  return fetch(simulator + "/" + hostname + pathname + search, init);
};

async function send({ id, channel, variables, message }, simulator) {
  const provider = providers[id].send.create(variables);
  const notifier = createNotifier({ [channel]: [provider], fetch: to(simulator), attempts: 1 });
  const result = await notifier.send({ channel, ...message });
  if (!result.ok) return result.kind + ": " + result.detail;
  return result.outcome === "sent" && result.provider === id ? "ok" : result.outcome;
}

async function receive({ id, variables, webhook }, simulator) {
  if (!webhook) return "none";
  const source = providers[id].receive.create(variables);
  const text = atob(webhook.body);
  const request = (headers, text) =>
    new Request(webhook.url, { method: "POST", headers, body: Uint8Array.from(text, (character) => character.charCodeAt(0)) });
  const received = await receiveWebhook(source, request(webhook.headers, text), { fetch: to(simulator) });
  if (!received.ok) return received.reason;
  if (received.events.length === 0) return "no event";
  const forged = await receiveWebhook(source, request(...forge(webhook.headers, text, source.scheme.headers)), { fetch: to(simulator) });
  return forged.ok ? "a forged one, too" : "ok";
}

/** The proof of another request: its characters in another order. Where no header has it, it stands in the body, in hex or as "Signature". */
function forge(headers, text, proofs) {
  const turn = (word) => [...word].reverse().join("");
  const turned = Object.entries(headers).map(([name, value]) => [
    name,
    proofs.includes(name) ? value.replace(/[0-9a-z]{4,}/gi, turn) : value,
  ]);
  return [Object.fromEntries(turned), proofs.length > 0 ? text : text.replace(/"Signature": "[^"]+"|[0-9a-f]{64}/, (proof) => proof.replace(/[^" :]{64,}/, turn))];
}

export async function run({ simulator, tasks }) {
  const found = {};
  for (const task of tasks) {
    const said = (error) => String(error);
    found[task.id] = { sent: await send(task, simulator).catch(said), received: await receive(task, simulator).catch(said) };
  }
  return found;
}
`;
}
