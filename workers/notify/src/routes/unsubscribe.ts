import { Hono } from "hono";
import type { Context } from "hono";
import type { Env } from "../env.ts";
import { refusal } from "../problem.ts";
import { settingsOf } from "../settings.ts";
import { everyCategory } from "../suppress/category.ts";
import { invalidLinkPage, preferencePage } from "../unsubscribe/page.ts";
import { choose, labelOf, leave, ownCategory, readChoices } from "../unsubscribe/preferences.ts";
import { readToken } from "../unsubscribe/token.ts";
import type { UnsubscribeSubject } from "../unsubscribe/token.ts";
import { readBody } from "./body.ts";

/** Without an API key or a login: the token in the link is the permission, for its one address. */
export const unsubscribe = new Hono<{ Bindings: Env }>();

/** Of a form with a hundred categories. */
const maxFormBytes = 16_384;

/** Asks, and changes nothing: filters open every link of a mail. */
unsubscribe.get("/:token", async (c) => {
  const subject = await subjectOf(c);
  return subject === undefined ? invalidLinkPage() : showChoices(c.env, subject, false);
});

/**
 * RFC 8058's one click, in either encoding, or the page's form. Both may be repeated, and neither is answered with a
 * redirect.
 */
unsubscribe.post("/:token", async (c) => {
  const subject = await subjectOf(c);
  if (subject === undefined) return invalidLinkPage();
  const form = await readForm(c);
  const names = (field: string): string[] => form.getAll(field).filter((value) => typeof value === "string");
  if (names("List-Unsubscribe").some((value) => /^\s*One-Click\s*$/i.test(value))) {
    await leave(c.env, subject, [subject.category], "one-click");
    return c.body(null, 200, { "cache-control": "no-store" });
  }
  switch (form.get("choice")) {
    case "leave":
      await leave(c.env, subject, [subject.category], "preferences");
      break;
    case "none":
      await leave(c.env, subject, [everyCategory], "preferences");
      break;
    case "save": {
      // Of a page that was left open while the categories changed, only what is still there.
      const known = new Set((await readChoices(c.env, subject)).map(({ name }) => name));
      const isKnown = (name: string): boolean => known.has(name);
      await choose(c.env, subject, names("shown").filter(isKnown), names("wanted").filter(isKnown));
      break;
    }
    case null:
    default:
      throw refusal({
        status: 400,
        code: "invalid-request",
        title: "The form says neither List-Unsubscribe=One-Click nor a choice.",
      });
  }
  return showChoices(c.env, subject, true);
});

function subjectOf(c: Context<{ Bindings: Env }>): Promise<UnsubscribeSubject | undefined> {
  return readToken(settingsOf(c.env).unsubscribe?.keys ?? [], c.req.param("token") ?? "");
}

async function showChoices(env: Env, subject: UnsubscribeSubject, saved: boolean): Promise<Response> {
  const choices = await readChoices(env, subject);
  const label = await labelOf(subject);
  return preferencePage({ label, own: ownCategory(settingsOf(env), subject), choices, saved });
}

/** `application/x-www-form-urlencoded`, which is also what is meant where no type is said, or `multipart/form-data`. */
async function readForm(c: Context): Promise<FormData> {
  const body = await readBody(c, maxFormBytes);
  const type = c.req.header("content-type") ?? "application/x-www-form-urlencoded";
  try {
    return await new Response(body, { headers: { "content-type": type } }).formData();
  } catch {
    throw refusal({
      status: 415,
      code: "unsupported-media-type",
      title: "The body must be a form: application/x-www-form-urlencoded or multipart/form-data.",
    });
  }
}
