// The service with its ledger's transactions counted, by the call that made them.
import worker, { Ledger as Base } from "../../../workers/notify/src/index.ts";

export * from "../../../workers/notify/src/index.ts";

const counts = new WeakMap();

export class Ledger extends Base {
  constructor(ctx, env) {
    super(ctx, env);
    const own = { calls: {}, transactions: {}, caller: "other" };
    counts.set(this, own);
    const { storage } = ctx;
    const transaction = storage.transaction.bind(storage);
    Object.defineProperty(storage, "transaction", {
      value: (work) => {
        own.transactions[own.caller] = (own.transactions[own.caller] ?? 0) + 1;
        return transaction(work);
      },
    });
  }

  /** Since it was asked last. */
  takeCounts() {
    const own = counts.get(this);
    const { calls, transactions } = own;
    Object.assign(own, { calls: {}, transactions: {} });
    return { calls, transactions };
  }
}

for (const name of ["receivePart", "record", "advance", "keepCounts", "settleCounts", "alarm"]) {
  Object.defineProperty(Ledger.prototype, name, {
    value(...given) {
      const own = counts.get(this);
      own.calls[name] = (own.calls[name] ?? 0) + 1;
      // A call that writes begins its transaction before it waits for anything.
      own.caller = name;
      try {
        return Base.prototype[name].apply(this, given);
      } finally {
        own.caller = "other";
      }
    },
  });
}

export default {
  async fetch(request, env, ctx) {
    if (new URL(request.url).pathname !== "/bench/counts") return worker.fetch(request, env, ctx);
    const shards = Array.from({ length: 16 }, (_, shard) => env.LEDGER.get(env.LEDGER.idFromName(`shard-${shard}`)));
    return Response.json(await Promise.all(shards.map((shard) => shard.takeCounts())));
  },
};
