const { service, recipient } = await (await fetch("/session")).json();
const { state, subscribe, sync, unsubscribe } = await import(`${service}/sdk/browser.js`);

const token = async () => {
  const response = await fetch("/token", { method: "POST" });
  if (!response.ok) throw new Error("No token");
  return await response.text();
};
const me = { service, recipient, token };

const button = (id) => document.getElementById(id);
const status = document.getElementById("state");
const log = document.getElementById("log");

const explanations = {
  on: "This browser is subscribed.",
  off: "This browser is not subscribed.",
  blocked: "Notifications are blocked for this page, in the browser's settings.",
  unsupported:
    "This browser has no push messages here. A private window has none; on an iPhone, add the page to the home screen.",
};

async function show() {
  const now = await state();
  const hadFocus = document.activeElement?.tagName === "BUTTON";
  button("subscribe").hidden = now === "on";
  button("subscribe").disabled = now !== "off";
  button("ring").hidden = button("unsubscribe").hidden = now !== "on";
  // The button that was pressed is gone: whoever uses the keyboard goes on at the one in its place.
  if (hadFocus && document.activeElement === document.body) button(now === "on" ? "ring" : "subscribe").focus();
  say(explanations[now]);
}

function say(text, isWrong = false) {
  status.textContent = text;
  status.classList.toggle("wrong", isWrong);
}

function note(word) {
  const line = document.createElement("li");
  const what = document.createElement("b");
  what.textContent = what.className = word;
  const when = document.createElement("time");
  when.textContent = new Date().toLocaleTimeString();
  line.append(what, when);
  log.append(line);
}

/** One push, and what the service says of it until there is no more to say. */
async function ring() {
  log.replaceChildren();
  const response = await fetch("/send", { method: "POST" });
  if (!response.ok) throw new Error("The service did not take it.");
  const { id } = await response.json();
  const until = Date.now() + 120_000;
  for (let last; Date.now() < until && last !== "clicked"; await new Promise((resolve) => setTimeout(resolve, 400))) {
    const { messages } = await (await fetch(`/status?id=${id}`)).json();
    const now = messages[0]?.status;
    if (now !== undefined && now !== last) note((last = now));
  }
}

function when(id, work) {
  button(id).addEventListener("click", ({ currentTarget }) => {
    currentTarget.disabled = true;
    // Called here, in the click's handler: browsers ask for permission only then.
    work()
      .catch((error) => say(error.message, true))
      .finally(() => (currentTarget.disabled = false));
  });
}

when("subscribe", async () => {
  await subscribe(me);
  await show();
  ring().catch((error) => say(error.message, true));
});
when("unsubscribe", async () => {
  await unsubscribe(me);
  await show();
});
when("ring", async () => void ring().catch((error) => say(error.message, true)));

if ("serviceWorker" in navigator) {
  await navigator.serviceWorker.register("/sw.js");
  await sync(me).catch((error) => console.warn(error));
}
await show();
