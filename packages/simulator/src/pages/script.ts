/** Shows times in the reader's zone, and keeps what is marked `data-live` fresh while the page is looked at. */
export const script: string = `
const localise = (root) => {
  for (const element of root.querySelectorAll("time")) {
    const date = new Date(element.dateTime);
    const today = date.toDateString() === new Date().toDateString();
    element.title = date.toString();
    element.textContent = today ? date.toLocaleTimeString() : date.toLocaleString();
  }
};
localise(document);
const lives = (root) => [...root.querySelectorAll("[data-live]")];
const refresh = async () => {
  const reading = document.querySelector("[data-live] details[open]") || String(getSelection()) !== "";
  if (lives(document).length === 0 || document.hidden || reading) return;
  const response = await fetch(location.href);
  if (!response.ok) return;
  const fresh = lives(new DOMParser().parseFromString(await response.text(), "text/html"));
  for (const [index, live] of lives(document).entries()) {
    const next = fresh[index];
    if (!next || next.dataset.live === live.dataset.live) continue;
    localise(next);
    const focused = live.contains(document.activeElement) && document.activeElement.getAttribute("href");
    live.replaceWith(next);
    if (focused) next.querySelector('a[href="' + CSS.escape(focused) + '"]')?.focus();
  }
};
setInterval(() => refresh().catch(() => undefined), 2000);
`;
