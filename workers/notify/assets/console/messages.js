import { badge, element, read, time, withKey } from "./api.js";

const list = document.querySelector("#messages");
const more = document.querySelector("#more");
let cursor;

async function show() {
  const page = await read(`/v1/messages?limit=50${cursor ? `&cursor=${cursor}` : ""}`);
  if (!page) return;
  for (const message of page.messages) list.append(card(message));
  if (list.childElementCount === 0) document.querySelector("#notice").textContent = "No message yet.";
  cursor = page.nextCursor;
  more.hidden = !cursor;
}

function card({ id, to, status, channel, provider, acceptedAt }) {
  const via = provider ? `${channel} via ${provider}` : channel;
  return element(
    "li",
    {},
    element(
      "a",
      { href: `/console/message?id=${id}`, className: "card" },
      badge(status),
      element("strong", { text: to.join(", ") }),
      element("span", { text: via, className: "dim" }),
      time(acceptedAt),
    ),
  );
}

more.addEventListener("click", () => void show());
withKey(show);

const health = await fetch("/v1/health").then((response) => response.json());
document.querySelector("#health").textContent = `${health.environment} · guard ${health.guard} · ${health.status}`;
