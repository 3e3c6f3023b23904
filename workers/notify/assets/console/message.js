import { badge, element, read, time, withKey } from "./api.js";

const id = new URLSearchParams(location.search).get("id") ?? "";

async function show() {
  const message = await read(`/v1/messages/${encodeURIComponent(id)}`);
  if (!message) return;
  document.querySelector("#title").textContent = message.subject ?? `To ${message.to.join(", ")}`;
  document.querySelector("#facts").replaceChildren(...facts(message));
  document.querySelector("#timeline-title").hidden = false;
  document.querySelector("#timeline").replaceChildren(accepted(message), ...message.timeline.map(entry));
}

function facts({ status, to, channel, provider, providerMessageId, possibleDuplicate, tries, nextTryAt }) {
  const rows = [
    ["Status", badge(status)],
    ["To", to.join(", ")],
    ["Channel", channel],
    ["Provider", provider],
    ["Provider's id", providerMessageId],
    ["Tries", String(tries)],
    ["Next try", nextTryAt && time(nextTryAt)],
    ["Message id", id],
    ["Possible duplicate", possibleDuplicate ? "yes: an earlier try may have arrived too" : undefined],
  ];
  return rows
    .filter(([, value]) => value)
    .flatMap(([name, value]) => [element("dt", { text: name }), element("dd", {}, value)]);
}

function accepted({ acceptedAt, sendAt }) {
  const later = sendAt === acceptedAt ? "" : `, to be sent ${new Date(sendAt).toLocaleString()}`;
  return row(acceptedAt, "accepted", `Accepted${later}`);
}

function entry({ at, kind, provider, type, providerType, outcome, status, detail, reason, code, rule, then }) {
  if (kind === "event") return row(at, type, `${provider} says ${providerType}`, [code, reason]);
  if (kind === "decision") return row(at, then, `${rule}: ${then}`, [reason]);
  const next = then?.action === "retry" ? `then ${then.lane} at ${new Date(then.at).toLocaleTimeString()}` : "";
  return row(at, outcome, `Handed to ${provider}: ${outcome}`, [status && `HTTP ${status}`, detail, next]);
}

function row(at, mark, title, notes = []) {
  const said = notes.filter(Boolean).join(" · ");
  return element(
    "li",
    { className: mark },
    time(at),
    element("strong", { text: title }),
    ...(said ? [element("span", { text: said, className: "dim" })] : []),
  );
}

withKey(show);
setInterval(() => {
  if (document.querySelector("#sign-in").hidden && !document.hidden) void show();
}, 3000);
