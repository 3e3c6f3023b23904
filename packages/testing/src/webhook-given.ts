import type { WebhookSource } from "carillon";
import { CheckError } from "./check.ts";
import type { FixtureFiles } from "./fixture-folders.ts";
import type { Proof, WebhookKey, WebhookParts } from "./webhook-keys.ts";
import { fixtureTime, mustBeRejected, receive, type Received } from "./webhook-trial.ts";

/** What a receiver takes as its secret: one, or where that is a string a list of them. */
export type OfferedSecret<O> = O extends string ? string | readonly string[] : O;

export interface WebhookSuite<O> {
  /** Makes the receiver. Called anew for each check. */
  create(secret: OfferedSecret<O>): WebhookSource;
  /** The first signs the fixtures; the second is somebody else's. */
  readonly keys: readonly [WebhookKey<O>, WebhookKey<O>];
  /** Found by `import.meta.glob("./fixtures/webhook/**", { query: "?raw", import: "default", eager: true })`. */
  readonly fixtures: FixtureFiles;
}

/** What the derived checks start from. */
export interface Given<O> {
  readonly suite: WebhookSuite<O>;
  readonly key: WebhookKey<O>;
  /** The first fixture, unsigned. */
  readonly unsigned: WebhookParts;
}

export function offered<O>(option: O): OfferedSecret<O> {
  return option as unknown as OfferedSecret<O>;
}

/** The request with a proof where it travels; undefined where such a body has no place for one. */
export function placed(key: WebhookKey, parts: WebhookParts, proof: Proof): WebhookParts | undefined {
  return key.place ? key.place(parts, proof) : { ...parts, headers: { ...parts.headers, ...proof } };
}

export async function signed(key: WebhookKey, parts: WebhookParts, at: Date = fixtureTime): Promise<WebhookParts> {
  const whole = placed(key, parts, await key.sign(parts, at));
  if (whole === undefined) throw new CheckError("A fixture's body has no place for the signature");
  return whole;
}

export async function mustReject<O>(
  { suite, key }: Given<O>,
  parts: WebhookParts | undefined,
  what: string,
): Promise<Received> {
  if (parts === undefined) throw new CheckError(`${what}: the body has no place for the signature`);
  const received = await receive(suite.create(offered(key.option)), parts);
  mustBeRejected(received, what);
  return received;
}
