import { retireDevices } from "../directory/devices.ts";
import { addOptOuts, liftOptOuts } from "../directory/opt-outs.ts";
import { countSoftBounces } from "../directory/soft-bounces.ts";
import { addSuppressions, liftSuppressions } from "../directory/suppressions.ts";
import { formatId } from "../ids.ts";
import type { SuppressionEffect } from "../ledger/outbox.ts";

/**
 * Brings a shard's effects on addresses into the directory: one transaction, and a fixed number of statements. They are
 * joins, so that their order does not matter, nor how often each comes.
 */
export async function applySuppressions(
  db: D1Database,
  shard: number,
  effects: readonly SuppressionEffect[],
  now: number,
): Promise<void> {
  const all = effects.map(({ sourceMessage, ...effect }) => ({
    ...effect,
    sourceMessage: sourceMessage === undefined ? undefined : formatId("msg", shard, sourceMessage),
  }));
  const suppressed = all.filter((effect) => effect.kind === "suppress");
  const gone = all.filter((effect) => effect.kind === "retire");
  const optedOut = all
    .filter((effect) => effect.kind === "opt-out")
    .map((effect) => ({ ...effect, reason: "provider" as const }));
  const soft = all
    .filter((effect) => effect.kind === "soft-bounce")
    .map((effect) => ({ ...effect, message: effect.sourceMessage ?? "", at: effect.causedAt }));
  const lifted = all.filter((effect) => effect.kind === "lift");
  const liftedWhole = lifted.filter((effect) => effect.of === "everything");
  const statements = [
    ...(suppressed.length > 0 ? [addSuppressions(db, suppressed, now, false)] : []),
    ...(gone.length > 0 ? retireDevices(db, gone, now) : []),
    ...(optedOut.length > 0 ? [addOptOuts(db, optedOut, now, false)] : []),
    ...(soft.length > 0 ? countSoftBounces(db, soft, now) : []),
    ...(liftedWhole.length > 0 ? [liftSuppressions(db, liftedWhole, now)] : []),
    ...(lifted.length > 0 ? liftOptOuts(db, lifted, now) : []),
  ];
  if (statements.length > 0) await db.batch(statements);
}
