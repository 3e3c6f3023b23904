/**
 * The Worker for the crash matrix: the real one, told on at each of its steps. Whoever holds the rig lets a step pass, or
 * kills the process where it stands. Nothing of this is in the product.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Env } from "../../src/env.ts";
import * as real from "../../src/index.ts";

interface RigEnv extends Env {
  /** Answers when the step may pass. */
  readonly RIG: Fetcher;
}

/** The step that is watched: the others are not told, so that they run as they always do. */
let watched: string | undefined;

async function reach(env: Env, step: string): Promise<void> {
  if (step === watched) await (env as RigEnv).RIG.fetch(`http://rig/${encodeURIComponent(step)}`);
}

type Work<T> = () => Promise<T>;

/** What a transaction is for. */
const doing = new AsyncLocalStorage<string>();

export class Ledger extends real.Ledger {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const { storage } = ctx;
    const transaction = storage.transaction.bind(storage);
    const setAlarm = storage.setAlarm.bind(storage);
    let inside: string | undefined;
    define(storage, "transaction", async <T>(work: (transaction: DurableObjectTransaction) => Promise<T>) => {
      const name = doing.getStore();
      await reach(env, `${name}: about to be written`);
      const result = await transaction(async (own) => {
        inside = name;
        const done = await work(own);
        inside = undefined;
        await reach(env, `${name}: written, not committed`);
        return done;
      });
      await reach(env, `${name}: committed`);
      return result;
    });
    define(storage, "setAlarm", async (at: number) => {
      await reach(env, `${inside}: written, alarm not set`);
      await setAlarm(at);
    });
  }

  override accept(...given: Parameters<real.Ledger["accept"]>): ReturnType<real.Ledger["accept"]> {
    return this.#step("accept", () => super.accept(...given));
  }

  override record(...given: Parameters<real.Ledger["record"]>): ReturnType<real.Ledger["record"]> {
    return this.#step("record", () => super.record(...given));
  }

  override ingest(...given: Parameters<real.Ledger["ingest"]>): ReturnType<real.Ledger["ingest"]> {
    return this.#step("ingest", () => super.ingest(...given));
  }

  override settleOutbox(...given: Parameters<real.Ledger["settleOutbox"]>): ReturnType<real.Ledger["settleOutbox"]> {
    return this.#step("settle", () => super.settleOutbox(...given));
  }

  override settleWake(...given: Parameters<real.Ledger["settleWake"]>): ReturnType<real.Ledger["settleWake"]> {
    return this.#step("settleWake", () => super.settleWake(...given));
  }

  /** The queue's call claims as the alarm does. */
  override wake(...given: Parameters<real.Ledger["wake"]>): ReturnType<real.Ledger["wake"]> {
    return this.#step("claim", () => super.wake(...given));
  }

  override alarm(info?: AlarmInvocationInfo): Promise<void> {
    return this.#step("claim", () => super.alarm(info));
  }

  async #step<T>(name: string, work: Work<T>): Promise<T> {
    await reach(this.env, `${name}: not begun`);
    return doing.run(name, work);
  }
}

function define(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, configurable: true, writable: true });
}

export class Deliver extends real.Deliver {
  constructor(ctx: ExecutionContext, env: Env) {
    super(ctx, { ...env, SIMULATOR: { fetch: request(env) } as Fetcher });
  }
}

/** A request to a provider: before it leaves, and when its answer is there and nobody has read it. */
function request(env: Env): Fetcher["fetch"] {
  return async (input, init) => {
    await reach(env, "send: no request made");
    const response = await env.SIMULATOR?.fetch(input as string, init as RequestInit);
    await reach(env, "send: taken, answer not read");
    return response as Response;
  };
}

export class Effects extends real.Effects {
  override apply(...given: Parameters<real.Effects["apply"]>): void {
    this.ctx.waitUntil(reach(this.env, "effect: not begun").then(() => super.apply(...given)));
  }
}

export class Wakes extends real.Wakes {
  override publish(...given: Parameters<real.Wakes["publish"]>): void {
    this.ctx.waitUntil(reach(this.env, "publish: not begun").then(() => super.publish(...given)));
  }
}

export { Lane, Recipients, Schedules } from "../../src/index.ts";

export default {
  async fetch(request, env, ctx) {
    const url = new URL(request.url);
    if (url.pathname !== "/rig/watch") return real.default.fetch(request, env, ctx);
    watched = url.searchParams.get("step") ?? undefined;
    return new Response(null, { status: 204 });
  },
  scheduled: real.default.scheduled,
} satisfies ExportedHandler<Env>;
