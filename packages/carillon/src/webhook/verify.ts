import type { RawWebhook, VerifyTools, WebhookSource } from "../provider/webhook.ts";
import type { MaybePromise } from "../provider/request.ts";

export type Forgery = "missing-signature" | "signature-mismatch" | "stale" | "replayed";

/** How long a key stays remembered when its signature never ages: longer than any known provider retries. */
const replayWindowSeconds = 604_800;

/**
 * Why the request is not genuine, or undefined if it is.
 *
 * Time is looked at after the signature, so that `stale` is only ever said of a genuine one: it then means a replay or a
 * clock that is wrong, both worth an alarm, and nobody can raise that by sending an old date.
 */
export async function findForgery(
  { id, scheme }: WebhookSource,
  raw: RawWebhook,
  tools: VerifyTools,
  seen?: (key: string, forSeconds: number) => MaybePromise<boolean>,
): Promise<Forgery | undefined> {
  const { headers, toleranceSeconds } = scheme;
  if (!headers.every((name) => raw.headers.get(name))) return "missing-signature";
  if ((await scheme.verify(raw, tools)) !== true) return "signature-mismatch";
  if (toleranceSeconds !== undefined) {
    const ageSeconds = tools.now.getTime() / 1000 - (scheme.timestampSeconds?.(raw) ?? Number.NaN);
    // Asked this way round, a time that cannot be read is out of every tolerance.
    if (!(Math.abs(ageSeconds) <= toleranceSeconds)) return "stale";
  }
  if (scheme.isTimely?.(raw, tools.now) === false) return "stale";
  const key = scheme.replayKey?.(raw);
  // A time may be as far ahead as behind, so a signature lives for up to twice the tolerance.
  const forSeconds = toleranceSeconds === undefined ? replayWindowSeconds : 2 * toleranceSeconds;
  return key && (await seen?.(`${id}:${key}`, forSeconds)) ? "replayed" : undefined;
}
