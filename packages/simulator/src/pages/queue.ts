import { html } from "hono/html";
import type { DeadLetter, QueueMessage, Schedule } from "../queue/record.ts";
import type { Records } from "../queue/records.ts";
import { deadLetterView, messageView } from "../queue/views.ts";
import { layout, time, type Markup } from "./layout.ts";

/** Of each list so many are shown. */
const maxShown = 100;

/** What QStash was asked to deliver: waiting, delivered, dead; and its schedules. */
export function queuePage(records: Records, nowMs: number): Markup {
  const all = records.messages.list();
  const waiting = all.filter(({ state }) => state === "waiting").toSorted((a, b) => a.dueAtMs - b.dueAtMs);
  const ended = all.filter(({ state }) => state === "delivered" || state === "cancelled").toReversed();
  const dead = records.deadLetters.list().toReversed();
  const schedules = records.schedules.list();
  const changes = [
    ...waiting.map(({ id, retried, heldBy }) => [id, retried, heldBy].join()),
    ...ended.map(({ id }) => id),
    ...dead.map(({ id }) => id),
    ...schedules.map(({ id, nextAtMs, isPaused }) => [id, nextAtMs, isPaused].join()),
  ];
  return layout(
    "Queue - Carillon simulator",
    html`<div class="bar"><h1>Queue</h1></div>
      <div data-live="${changes.join(" ")}">
        ${list(
          "Waiting",
          waiting.length,
          "Nothing waits.",
          waiting.map((message) => waitingRow(message, nowMs)),
        )}
        ${list("Delivered", ended.length, "Nothing was delivered yet.", ended.map(endedRow))}
        ${list("Dead", dead.length, "No message has died.", dead.map(deadRow))}
        ${schedules.length > 0 ? list("Schedules", schedules.length, "", schedules.map(scheduleRow)) : ""}
      </div>`,
  );
}

function list(title: string, count: number, none: string, rows: readonly Markup[]): Markup {
  return html`<section class="card others">
    <h2>${title} <span class="count">${count}</span></h2>
    ${count === 0 ? html`<p class="empty">${none}</p>` : rows.slice(0, maxShown)}
  </section>`;
}

interface RowInput {
  readonly chip: readonly [style: string, text: string];
  readonly what: string;
  readonly atMs: number;
  readonly detail: unknown;
}

function row({ chip: [style, text], what, atMs, detail }: RowInput): Markup {
  return html`<details>
    <summary>
      <span class="chip ${style}">${text}</span>
      <span class="what">${what}</span>
      ${time(atMs)}
    </summary>
    <pre>${JSON.stringify(detail, null, 2)}</pre>
  </details>`;
}

function waitingRow(message: QueueMessage, nowMs: number): Markup {
  const { heldBy, retried, dueAtMs } = message;
  const why = heldBy ?? (retried > 0 ? `retry ${retried}` : dueAtMs > nowMs ? "delayed" : "due");
  return row({
    chip: [retried > 0 ? "warn" : "waiting", why],
    what: whatOf(message),
    atMs: dueAtMs,
    detail: detailOf(message),
  });
}

function endedRow(message: QueueMessage): Markup {
  const isDelivered = message.state === "delivered";
  const atMs = message.log.at(-1)?.time ?? message.createdAtMs;
  return row({
    chip: [isDelivered ? "good" : "", message.state],
    what: whatOf(message),
    atMs,
    detail: detailOf(message),
  });
}

function deadRow(letter: DeadLetter): Markup {
  const { message, response } = letter;
  const atMs = message.log.at(-1)?.time ?? message.createdAtMs;
  const chip = ["bad", String(response?.status ?? "no answer")] as const;
  return row({ chip, what: whatOf(message), atMs, detail: { ...deadLetterView(letter), attempts: message.attempts } });
}

function scheduleRow({ id, cron, destination, isPaused, nextAtMs, createdAtMs }: Schedule): Markup {
  const chip = isPaused ? (["", "paused"] as const) : (["waiting", cron] as const);
  return row({ chip, what: destination, atMs: nextAtMs ?? createdAtMs, detail: { id, cron, destination } });
}

function whatOf({ url, options, origin, callbackOf }: QueueMessage): string {
  const from = callbackOf === undefined ? (origin.queueName ?? origin.scheduleId ?? "") : `callback of ${callbackOf}`;
  return `${options.method} ${url}${from === "" ? "" : ` (${from})`}`;
}

/** As the API shows it, redactions included. */
function detailOf(message: QueueMessage): unknown {
  return { ...messageView(message), attempts: message.attempts, log: message.log };
}
