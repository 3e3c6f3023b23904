import { newRecipientId } from "./recipients.ts";
import { call } from "./service.ts";

/** A topic that no other test has. */
export async function newTopic(
  body: object = {},
  id: string = newRecipientId().replace("user", "topic"),
): Promise<string> {
  const response = await call("PUT", `/v1/topics/${id}`, { body });
  if (response.status !== 201) throw new Error(`${response.status}: ${await response.text()}`);
  return id;
}

export function member(topic: string, recipient: string, method = "PUT", body?: object): Promise<Response> {
  return call(method, `/v1/topics/${topic}/members/${recipient}`, { body });
}
