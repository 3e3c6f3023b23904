import { html, raw } from "hono/html";

/** Markup whose parts have been escaped by `html`. */
export type Markup = ReturnType<typeof html>;

const favicon =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cpath fill='%237c5cff' d='M8 1a1.2 1.2 0 0 1 1.2 1.3A4.6 4.6 0 0 1 12.6 7v3l1.4 2H2l1.4-2V7a4.6 4.6 0 0 1 3.4-4.7A1.2 1.2 0 0 1 8 1zM6.3 13h3.4a1.7 1.7 0 0 1-3.4 0z'/%3E%3C/svg%3E";

const bell = raw(
  `<svg class="bell" viewBox="0 0 16 16" aria-hidden="true"><path d="M8 1a1.2 1.2 0 0 1 1.2 1.3A4.6 4.6 0 0 1 12.6 7v3l1.4 2H2l1.4-2V7a4.6 4.6 0 0 1 3.4-4.7A1.2 1.2 0 0 1 8 1zM6.3 13h3.4a1.7 1.7 0 0 1-3.4 0z"/></svg>`,
);

/** A whole page around its main part. */
export function layout(title: string, main: Markup): Markup {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        <link rel="icon" href="${favicon}" />
        <link rel="stylesheet" href="/simulator.css" />
        <script src="/simulator.js" defer></script>
      </head>
      <body>
        <header class="top">
          <a class="brand" href="/"
            >${bell}<span>Carillon <b>simulator</b></span></a
          >
          <nav><a href="/">Inbox</a> <a href="/queue">Queue</a></nav>
          <span class="note">Nobody received any of this.</span>
        </header>
        <main>${main}</main>
      </body>
    </html>`;
}

/** Pieces one after the other, with nothing between them. */
export function join(parts: readonly Markup[]): Markup {
  return html`${parts}`;
}

/** A point in time; the page's script turns it into the reader's own time. */
export function time(atMs: number): Markup {
  const iso = new Date(atMs).toISOString();
  return html`<time datetime="${iso}">${iso.slice(0, 19).replace("T", " ")}</time>`;
}

/** A titled part of a page. */
export function card(title: string, body: Markup): Markup {
  return html`<section class="card">
    <h2>${title}</h2>
    ${body}
  </section>`;
}

/** Names with their values; what has none is left out. */
export function definitions(
  entries: readonly (readonly [name: string, value: string | undefined])[],
  style = "",
): Markup {
  return html`<dl class="${style}">
    ${entries.map(([name, value]) =>
      value === undefined
        ? ""
        : html`<dt>${name}</dt>
            <dd>${value}</dd>`,
    )}
  </dl>`;
}

/** JSON as it came, folded unless it is the thing to see. */
export function jsonCard(title: string, value: unknown, open = false): Markup {
  return html`<details class="card" ${open ? "open" : ""}>
    <summary>${title}</summary>
    <pre>${JSON.stringify(value, null, 2)}</pre>
  </details>`;
}
