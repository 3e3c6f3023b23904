import { signRecipientToken } from "carillon/recipient-token";
import { expect } from "vitest";
import { call } from "./service.ts";

/** Of wrangler.dev.toml. */
export const tokenKey = "local:simulator-only-key-of-recipient-tokens";
export const allowedOrigin = "http://127.0.0.1:5173";

let people = 0;

/** An id that no other test has. */
export function newRecipientId(): string {
  return `user_${(people += 1)}_${crypto.randomUUID().slice(0, 8)}`;
}

/** Somebody of whom the app has said this. */
export async function newRecipient(body: object = {}, id: string = newRecipientId()): Promise<string> {
  const response = await call("PUT", `/v1/recipients/${id}`, { body });
  if (response.status !== 201) throw new Error(`${response.status}: ${await response.text()}`);
  return id;
}

export function tokenOf(recipient: string): Promise<string> {
  return signRecipientToken({ key: tokenKey, recipient });
}

/** An API key with these scopes. */
export async function keyWith(...scopes: readonly string[]): Promise<string> {
  const response = await call("POST", "/v1/keys", { body: { name: "test", scopes } });
  return (await response.json<{ key: string }>()).key;
}

/** The fields that a refusal names. */
export async function fieldsOf(response: Response, status = 422): Promise<readonly string[]> {
  const problem = await response.json<{ errors?: { field: string }[] }>();
  expect(response.status, JSON.stringify(problem)).toBe(status);
  return problem.errors?.map(({ field }) => field) ?? [];
}
