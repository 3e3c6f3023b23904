import { HTTPException } from "hono/http-exception";
import { acceptNotifications } from "../accept/accept.ts";
import type { NotificationRequest } from "../accept/request.ts";
import type { Env } from "../env.ts";
import { formatId } from "../ids.ts";
import type { Run, RunOutcome } from "../ledger/schedules.ts";
import { shardStub } from "../ledger/shards.ts";

/** What a schedule keeps of the notification that its runs make. */
export interface ScheduledRequest {
  readonly request: NotificationRequest;
  /** Labels of the addresses: all that is shown. */
  readonly to: readonly string[];
  /** Without what its steps say. */
  readonly route?: readonly object[] | undefined;
}

/** Makes the notifications of runs. A run that was made before is found by its name, and made once. */
export async function fireRuns(env: Env, shard: number, runs: readonly Run[]): Promise<void> {
  for (const run of runs) {
    const id = formatId("sch", shard, run.uuid);
    try {
      const outcome = await makeRun(env, id, run);
      await shardStub(env, shard).settleRun(run.uuid, run.runAt, outcome, Date.now());
    } catch {
      // Handed out again when its lease ends.
      console.error(JSON.stringify({ event: "run-failed", schedule: id }));
    }
  }
}

async function makeRun(env: Env, id: string, { runAt, request: json }: Run): Promise<RunOutcome> {
  const { ttl, ...request } = (JSON.parse(json) as ScheduledRequest).request;
  // Counted from the run's own moment: what was to be read this morning is not sent tonight, when the service is back.
  const expiresAt = ttl === undefined ? undefined : new Date(runAt + ttl);
  if (expiresAt !== undefined && expiresAt.getTime() <= Date.now()) return { refused: "Its time to live was over." };
  try {
    const { notifications } = await acceptNotifications(env, [{ ...request, expiresAt: expiresAt?.toISOString() }], {
      apiKeyId: "schedule",
      idempotencyKey: `schedule:${id}:${new Date(runAt).toISOString()}`,
      pathOf: () => "",
      schedule: id,
    });
    return { notification: notifications[0]?.id };
  } catch (error) {
    // What is refused now would be refused again: its provider is gone, say. The next run has its own chance.
    if (!(error instanceof HTTPException) || error.status >= 500) throw error;
    const problem = await error.getResponse().json<{ title: string; detail?: string }>();
    return { refused: problem.detail ?? problem.title };
  }
}
