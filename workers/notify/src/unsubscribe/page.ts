import type { Category } from "../suppress/category.ts";

/** What the page shows of one category. */
export interface Choice extends Pick<Category, "name" | "title"> {
  readonly wanted: boolean;
}

export interface PreferencePage {
  /** `a***@example.com`. */
  readonly label: string;
  /** The category of the message that the link stood in. */
  readonly own: Pick<Category, "name" | "title">;
  readonly choices: readonly Choice[];
  /** They are what was just saved. */
  readonly saved: boolean;
}

const style = `:root{color-scheme:light dark}
body{font:1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:3rem auto;padding:0 1rem}
h1{font-size:1.4rem}fieldset{border:1px solid GrayText;border-radius:.5rem;margin:1.5rem 0;padding:1rem}
label{display:block;padding:.3rem 0}input{width:1.1rem;height:1.1rem;margin-right:.5rem;vertical-align:-.15rem}
button{font:inherit;padding:.6rem 1rem;margin:.3rem .5rem .3rem 0}
[role=status]{border:1px solid GrayText;border-radius:.5rem;padding:.6rem 1rem}`;

/** A plain form: it needs no script, and asks before it changes anything, because filters open every link in a mail. */
export function preferencePage({ label, own, choices, saved }: PreferencePage): Response {
  const wantsOwn = choices.some(({ name, wanted }) => name === own.name && wanted);
  const rows = choices.map(
    ({ name, title, wanted }) =>
      `<label><input type="checkbox" name="wanted" value="${escape(name)}"${wanted ? " checked" : ""}>${escape(title)}</label>` +
      `<input type="hidden" name="shown" value="${escape(name)}">`,
  );
  return page(
    "Email preferences",
    `${saved ? '<p role="status">Your choice is saved.</p>' : ""}
<p>Emails to <strong>${escape(label)}</strong>. What you need, such as receipts and messages about your account, comes in any case.</p>
${wantsOwn ? `<form method="post"><button name="choice" value="leave">Unsubscribe from “${escape(own.title)}”</button></form>` : ""}
<form method="post">
<fieldset><legend>Send me</legend>
${rows.join("\n")}
</fieldset>
<button name="choice" value="save">Save my choice</button>
<button name="choice" value="none">Unsubscribe from all of these</button>
</form>`,
    200,
  );
}

export function invalidLinkPage(): Response {
  return page(
    "This link does not work",
    "<p>It may have been cut off on its way. Open the link in the email once more, or answer to its sender.</p>",
    404,
  );
}

function page(title: string, body: string, status: number): Response {
  const nonce = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(12))));
  const html = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title><style nonce="${nonce}">${style}</style></head>
<body><main><h1>${escape(title)}</h1>
${body}
</main></body>
</html>
`;
  return new Response(html, {
    status,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": `default-src 'none'; style-src 'nonce-${nonce}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
      "cache-control": "no-store",
      // The address of the page is the permission to change it.
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
      "x-robots-tag": "noindex",
    },
  });
}

function escape(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}
