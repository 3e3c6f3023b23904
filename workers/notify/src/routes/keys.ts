import { Hono } from "hono";
import * as v from "valibot";
import { sha256Hex } from "../digest.ts";
import { insertApiKey, listApiKeys, revokeApiKey, scopes } from "../directory/api-keys.ts";
import type { Env } from "../env.ts";
import { randomToken } from "../ids.ts";
import { notFound } from "../problem.ts";
import { authorize } from "./authorize.ts";
import { readJson } from "./body.ts";
import { iso } from "./views.ts";

export const keys = new Hono<{ Bindings: Env }>();

const keyRequest = v.strictObject(
  {
    name: v.pipe(
      v.string("expected text"),
      v.minLength(1, "expected a name"),
      v.maxLength(100, "expected at most 100 characters"),
    ),
    scopes: v.pipe(
      v.array(v.unknown(), "expected a list"),
      v.minLength(1, "expected at least one scope"),
      v.maxLength(scopes.length, "expected each scope once"),
      v.array(v.picklist(scopes, `expected ${scopes.join(", ")}`)),
    ),
  },
  "expected an object",
);

/** The key itself is in this answer and nowhere else, ever. */
keys.post("/", async (c) => {
  await authorize(c, "admin");
  const value = await readJson(c, keyRequest);
  const id = `key_${randomToken(8)}`;
  const key = `crl_${randomToken(32)}`;
  const createdAt = Date.now();
  const granted = [...new Set(value.scopes)];
  await insertApiKey(c.env.DB, { id, name: value.name, scopes: granted, createdAt, hash: await sha256Hex(key) });
  return c.json({ id, name: value.name, scopes: granted, createdAt: iso(createdAt), key }, 201);
});

keys.get("/", async (c) => {
  await authorize(c, "admin");
  const found = await listApiKeys(c.env.DB);
  return c.json({
    keys: found.map(({ id, name, scopes: granted, createdAt, revokedAt }) => ({
      id,
      name,
      scopes: granted,
      createdAt: iso(createdAt),
      revokedAt: revokedAt === undefined ? undefined : iso(revokedAt),
    })),
  });
});

/** Takes hold everywhere within a minute: isolates remember a key for so long. */
keys.delete("/:id", async (c) => {
  await authorize(c, "admin");
  if (!(await revokeApiKey(c.env.DB, c.req.param("id"), Date.now()))) throw notFound("key");
  return c.body(null, 204);
});
