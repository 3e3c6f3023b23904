import type { Context } from "hono";
import { sha256Hex } from "../digest.ts";
import { findApiKey } from "../directory/api-keys.ts";
import type { ApiKey, Scope } from "../directory/api-keys.ts";
import type { Env } from "../env.ts";
import { refusal } from "../problem.ts";
import { isRecipientToken, maxTokenLength, readRecipientToken } from "../recipients/token.ts";
import { minRootKeyLength, settingsOf } from "../settings.ts";

/** Who calls. */
export interface Caller {
  readonly apiKeyId: string;
  readonly scopes: readonly Scope[];
}

/** The first key's id: it stands in a secret, not in the directory. */
const rootKeyId = "root";

const maxKeyLength = 200;

const cachedForMs = 60_000;
const maxCached = 1_000;
const cache = new Map<string, { readonly key: ApiKey | undefined; readonly until: number }>();

/** Ends the request unless it carries a key with the scope. `admin` may do everything. */
export async function authorize(c: Context<{ Bindings: Env }>, scope: Scope): Promise<Caller> {
  const bearer = bearerOf(c);
  const caller = bearer === undefined || bearer.length > maxKeyLength ? undefined : await identify(c.env, bearer);
  if (caller === undefined) {
    throw refusal({
      status: 401,
      code: "unauthorized",
      title: "A valid API key is needed.",
      detail: "Send it as `Authorization: Bearer <key>`.",
      headers: { "www-authenticate": 'Bearer realm="carillon"' },
    });
  }
  if (!caller.scopes.includes(scope) && !caller.scopes.includes("admin")) {
    throw refusal({ status: 403, code: "forbidden", title: `This API key does not have the scope ${scope}.` });
  }
  return caller;
}

/**
 * The same for what a recipient may do for themselves: with an API key of the scope, or with a token of this recipient.
 *
 * @returns Undefined for the recipient.
 */
export async function authorizeFor(
  c: Context<{ Bindings: Env }>,
  recipient: string,
  scope: Scope,
): Promise<Caller | undefined> {
  const bearer = bearerOf(c);
  if (bearer === undefined || !isRecipientToken(bearer)) return authorize(c, scope);
  const token = await readRecipientToken(settingsOf(c.env).recipients.tokenKeys, bearer, Date.now());
  if (!token.ok) {
    throw refusal({
      status: 401,
      code: "unauthorized",
      title: "A valid recipient token is needed.",
      detail: token.detail,
      headers: { "www-authenticate": 'Bearer realm="carillon", error="invalid_token"' },
    });
  }
  if (token.recipient !== recipient) {
    throw refusal({ status: 403, code: "forbidden", title: "This recipient token is of another recipient." });
  }
  return undefined;
}

function bearerOf(c: Context<{ Bindings: Env }>): string | undefined {
  const [, bearer] = /^Bearer ([\x21-\x7e]+)$/i.exec(c.req.header("authorization") ?? "") ?? [];
  return bearer === undefined || bearer.length > maxTokenLength ? undefined : bearer;
}

async function identify(env: Env, token: string): Promise<Caller | undefined> {
  // A key has 256 random bits, so a plain hash is as good as a slow one.
  const hash = await sha256Hex(token);
  const root = env.ADMIN_API_KEY;
  // Hashes are compared, so the time that it takes says nothing of the key.
  if (root !== undefined && root.length >= minRootKeyLength && hash === (await sha256Hex(root))) {
    return { apiKeyId: rootKeyId, scopes: ["admin"] };
  }
  const now = Date.now();
  let entry = cache.get(hash);
  if (entry === undefined || entry.until <= now) {
    cache.delete(hash);
    entry = { key: await findApiKey(env.DB, hash), until: now + cachedForMs };
    // The oldest go: who tries keys at random must not cost the others their places at once.
    for (const oldest of cache.keys()) {
      if (cache.size < maxCached) break;
      cache.delete(oldest);
    }
    cache.set(hash, entry);
  }
  const { key } = entry;
  return key === undefined || key.revokedAt !== undefined ? undefined : { apiKeyId: key.id, scopes: key.scopes };
}
