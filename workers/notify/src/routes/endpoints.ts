import { Hono } from "hono";
import * as v from "valibot";
import {
  changeEndpoint,
  deleteEndpoint,
  findEndpoint,
  insertEndpoint,
  listEndpoints,
  maxEndpoints,
  replaceSecrets,
} from "../directory/endpoints.ts";
import type { Endpoint } from "../directory/endpoints.ts";
import { pushListeners } from "../endpoints/listeners.ts";
import { newSecret, oldSecretValidSeconds, rotate } from "../endpoints/secrets.ts";
import { testEndpoint } from "../endpoints/test-fire.ts";
import { allTypes, appEventTypes } from "../endpoints/types.ts";
import { urlProblem } from "../endpoints/url.ts";
import type { Env } from "../env.ts";
import { randomToken } from "../ids.ts";
import { invalid, notFound, refusal } from "../problem.ts";
import { settingsOf } from "../settings.ts";
import { authorize } from "./authorize.ts";
import { readJson } from "./body.ts";
import { deliveries } from "./deliveries.ts";
import { endpointView } from "./endpoint-views.ts";

/** Where apps want to be told. Whoever may change these sees what happens to all messages: `admin` only. */
export const endpoints = new Hono<{ Bindings: Env }>();

endpoints.route("/", deliveries);

const url = v.string("expected a URL");
const description = v.pipe(v.string("expected text"), v.maxLength(200, "expected at most 200 characters"));
const knownTypes = [allTypes, ...appEventTypes];
const types = v.pipe(
  // Counted before any is looked at.
  v.array(v.unknown(), "expected a list of event types"),
  v.minLength(1, "expected at least one event type"),
  v.maxLength(knownTypes.length, "expected each event type once"),
  v.array(v.picklist(knownTypes, `expected ${allTypes} or one of ${appEventTypes.join(", ")}`)),
);

const newRequest = v.strictObject({ url, types, description: v.optional(description, "") }, "expected an object");

const changeRequest = v.strictObject(
  {
    url: v.optional(url),
    types: v.optional(types),
    description: v.optional(description),
    enabled: v.optional(v.boolean("expected true or false")),
  },
  "expected an object",
);

const seconds = "expected a whole number of seconds from 0 to 604800";
const rotateRequest = v.strictObject(
  {
    oldSecretValidSeconds: v.optional(
      v.pipe(v.number(seconds), v.integer(seconds), v.minValue(0, seconds), v.maxValue(604_800, seconds)),
      oldSecretValidSeconds,
    ),
  },
  "expected an object",
);

/** The secret is in this answer, and in that of a rotation, and nowhere else. */
endpoints.post("/", async (c) => {
  await authorize(c, "admin");
  const value = await readJson(c, newRequest);
  checkUrl(c.env, value.url);
  const secret = newSecret();
  const endpoint: Endpoint = {
    id: `ep_${randomToken(8)}`,
    url: value.url,
    description: value.description,
    types: [...new Set(value.types)],
    secrets: [{ secret, until: null }],
    createdAt: Date.now(),
    disabledAt: undefined,
    disabledBecause: undefined,
    failingSince: undefined,
  };
  if (!(await insertEndpoint(c.env.DB, endpoint))) {
    throw refusal({ status: 409, code: "too-many-endpoints", title: `There are ${maxEndpoints} endpoints already.` });
  }
  await pushListeners(c.env);
  return c.json({ ...endpointView(endpoint), secret }, 201, { location: `/v1/endpoints/${endpoint.id}` });
});

endpoints.get("/", async (c) => {
  await authorize(c, "admin");
  return c.json({ endpoints: (await listEndpoints(c.env.DB)).map(endpointView) });
});

endpoints.get("/:id", async (c) => {
  await authorize(c, "admin");
  return c.json(endpointView(await read(c.env, c.req.param("id"))));
});

endpoints.patch("/:id", async (c) => {
  await authorize(c, "admin");
  const value = await readJson(c, changeRequest);
  if (value.url !== undefined) checkUrl(c.env, value.url);
  const id = c.req.param("id");
  if (!(await changeEndpoint(c.env.DB, id, value, Date.now()))) throw notFound("endpoint");
  await pushListeners(c.env);
  return c.json(endpointView(await read(c.env, id)));
});

endpoints.delete("/:id", async (c) => {
  await authorize(c, "admin");
  if (!(await deleteEndpoint(c.env.DB, c.req.param("id")))) throw notFound("endpoint");
  await pushListeners(c.env);
  return c.body(null, 204);
});

endpoints.post("/:id/rotate", async (c) => {
  await authorize(c, "admin");
  const value = await readJson(c, rotateRequest);
  const endpoint = await read(c.env, c.req.param("id"));
  const secret = newSecret();
  const secrets = rotate(endpoint.secrets, secret, value.oldSecretValidSeconds * 1000, Date.now());
  if (secrets.length > maxSecrets) {
    throw refusal({
      status: 409,
      code: "too-many-secrets",
      title: `${maxSecrets - 1} older secrets are valid still.`,
      detail: "Wait for one to end, or send `oldSecretValidSeconds` 0 to end them all.",
    });
  }
  if (!(await replaceSecrets(c.env.DB, endpoint, secrets))) {
    throw refusal({ status: 409, code: "rotated-meanwhile", title: "Another request rotated this secret." });
  }
  return c.json({ ...endpointView({ ...endpoint, secrets }), secret });
});

/** Each signs every webhook. */
const maxSecrets = 5;

/** Fires `endpoint.test` now, at a disabled one too, and answers with what the endpoint said. */
endpoints.post("/:id/test", async (c) => {
  await authorize(c, "admin");
  return c.json(await testEndpoint(await read(c.env, c.req.param("id")), settingsOf(c.env).endpointUrls));
});

async function read(env: Env, id: string): Promise<Endpoint> {
  const endpoint = await findEndpoint(env.DB, id);
  if (endpoint === undefined) throw notFound("endpoint");
  return endpoint;
}

function checkUrl(env: Env, text: string): void {
  const detail = urlProblem(text, settingsOf(env).endpointUrls);
  if (detail !== undefined) throw invalid([{ field: "url", detail }]);
}
