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
const refresh = async () => {
  const live = document.querySelector("[data-live]");
  const reading = live?.querySelector("details[open]") || String(getSelection()) !== "";
  if (!live || document.hidden || reading) return;
  const response = await fetch(location.href);
  if (!response.ok) return;
  const next = new DOMParser().parseFromString(await response.text(), "text/html").querySelector("[data-live]");
  if (!next || next.dataset.live === live.dataset.live) return;
  localise(next);
  live.replaceWith(next);
};
setInterval(() => refresh().catch(() => undefined), 2000);
`;
