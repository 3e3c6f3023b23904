import { DurableObject } from "cloudflare:workers";
import { createSimulator, sqlStore, type Simulator } from "@carillon/simulator";
import { openSocket } from "./browser-socket.ts";
import type { Env } from "./env.ts";

/** What one alarm spends on delivering before it makes room for the next. */
const alarmBudgetMs = 20_000;
/** An alarm that is past by more than this did not fire. */
const lateAlarmMs = 5_000;

/** The simulator with its store: messages, webhooks, faults, settings and idempotency keys in SQLite. */
export class SimulatorStore extends DurableObject<Env> {
  readonly #simulator: Simulator;
  readonly #target: string | undefined;
  /** What the alarm is set to, as far as this instance knows. */
  #armedAtMs: number | undefined;
  /** The running alarm's own time: to set it to the same millisecond again would wedge it (workerd#6866). */
  #firedAtMs = 0;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const { NOTIFY } = env;
    this.#target = env.WEBHOOK_TARGET ?? (NOTIFY && "https://notify.internal");
    const store = sqlStore(ctx.storage.sql, (run) => ctx.storage.transactionSync(run));
    this.#simulator = createSimulator({
      store,
      webhookTarget: this.#target,
      deliver: NOTIFY ? (url, init) => NOTIFY.fetch(url, init) : undefined,
      wake: (atMs) => this.#arm(atMs),
    });
    void ctx.blockConcurrencyWhile(async () => {
      this.#armedAtMs = (await ctx.storage.getAlarm()) ?? undefined;
      this.#armNext();
    });
  }

  override async fetch(request: Request): Promise<Response> {
    return openSocket(this.#simulator, request) ?? (await this.#simulator.fetch(request));
  }

  override async alarm(info?: AlarmInvocationInfo): Promise<void> {
    this.#firedAtMs = info?.scheduledTime ?? Date.now();
    this.#armedAtMs = undefined;
    await this.#simulator.flush(alarmBudgetMs);
    this.#armNext();
  }

  #armNext(): void {
    // What is from when there was a target waits for one.
    if (this.#target === undefined) return;
    const nextMs = this.#simulator.nextDueMs();
    if (nextMs !== undefined) this.#arm(nextMs);
  }

  #arm(atMs: number): void {
    const nowMs = Date.now();
    const wantedMs = Math.max(atMs, nowMs + 1, this.#firedAtMs + 1);
    const armedMs = this.#armedAtMs;
    if (armedMs !== undefined && armedMs <= wantedMs && armedMs > nowMs - lateAlarmMs) return;
    this.#armedAtMs = wantedMs;
    void this.ctx.storage.setAlarm(wantedMs);
  }
}
