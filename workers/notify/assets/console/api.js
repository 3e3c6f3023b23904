/** Reads the Worker's API with the key of this tab. A key in the URL's fragment never leaves the browser. */
const storageName = "carillon-api-key";

const fromLink = /^#key=(.+)$/.exec(location.hash);
if (fromLink) {
  sessionStorage.setItem(storageName, decodeURIComponent(fromLink[1]));
  history.replaceState(null, "", location.pathname + location.search);
}

/** Calls `show` now when a key is there, and whenever one is entered. */
export function withKey(show) {
  const form = document.querySelector("#sign-in");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    sessionStorage.setItem(storageName, document.querySelector("#key").value.trim());
    form.hidden = true;
    void show();
  });
  if (sessionStorage.getItem(storageName)) void show();
  else form.hidden = false;
}

/** The answer's JSON; undefined, with a notice on the page, when there is none. */
export async function read(path) {
  const notice = document.querySelector("#notice");
  const response = await fetch(path, { headers: { authorization: `Bearer ${sessionStorage.getItem(storageName)}` } });
  if (response.ok) {
    notice.textContent = "";
    return response.json();
  }
  if (response.status === 401 || response.status === 403) {
    sessionStorage.removeItem(storageName);
    document.querySelector("#sign-in").hidden = false;
  }
  notice.textContent = (await response.json().catch(() => ({ title: "The service did not answer." }))).title;
  return undefined;
}

/** An element with text and children; everything shown goes through `textContent`. */
export function element(name, { text, className, ...attributes } = {}, ...children) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  made.append(...children);
  return made;
}

export function badge(status) {
  return element("span", { text: status.replace("_", " "), className: `badge ${status}` });
}

export function time(iso) {
  const date = new Date(iso);
  return element("time", { text: date.toLocaleString(), datetime: iso, title: iso });
}
