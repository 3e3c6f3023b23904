import type { Context } from "hono";
import { sha256Hex } from "../digest.ts";
import { findApiKey } from "../directory/api-keys.ts";
import type { ApiKey, Scope } from "../directory/api-keys.ts";
import type { Env } from "../env.ts";
import { refusal } from "../problem.ts";
import { minRootKeyLength } from "../settings.ts";

/** Who calls. */
export interface Caller {
  readonly apiKeyId: string;
  readonly scopes: readonly Scope[];
}

/** The first key's id: it stands in a secret, not in the directory. */
const rootKeyId = "root";

const cachedForMs = 60_000;
const maxCached = 1_000;
const cache = new Map<string, { readonly key: ApiKey | undefined; readonly until: number }>();

/** Ends the request unless it carries a key with the scope. `admin` may do everything. */
export async function authorize(c: Context<{ Bindings: Env }>, scope: Scope): Promise<Caller> {
  const token = /^Bearer ([\x21-\x7e]{1,200})$/i.exec(c.req.header("authorization") ?? "")?.[1];
  const caller = token === undefined ? undefined : await identify(c.env, token);
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
