import type { BuildContext, Provider, ProviderFailure } from "../provider/contract.ts";
import type { Memory } from "./remember.ts";

/** A token is renewed this much before its end, or after nine tenths of its life if that is later. */
const earlyMs = 60_000;

export type Token = { readonly ok: true; readonly token: string; readonly expiresInSeconds: number };

/** One provider account, and what the notifier remembers for it. */
export interface Lane {
  readonly provider: Provider;
  readonly remember: BuildContext["remember"];
  /** The remembered token, or the one that `exchange` gets. A failure is not remembered. */
  token(now: () => Date, exchange: () => Promise<Token | ProviderFailure>): Promise<string | ProviderFailure>;
  /** Forgets the token, unless another one has taken its place. */
  forgetToken(token: string): Promise<void>;
}

export function createLane(provider: Provider, memory: Memory): Lane {
  const prefix = `${provider.id}:${provider.account}:`;
  const tokenKey = `${prefix}token:${provider.authorization?.key ?? ""}`;
  return {
    provider,
    async remember(name, expiresAt, make) {
      const key = `${prefix}value:${name}`;
      const known = await memory.read(key);
      if (known !== undefined) return known as Awaited<ReturnType<typeof make>>;
      return memory.once(key, async () => {
        const value = await make();
        await memory.write(key, value, expiresAt.getTime());
        return value;
      });
    },
    async token(now, exchange) {
      const known = await memory.read(tokenKey);
      if (typeof known === "string") return known;
      let own = false;
      const make = async (): Promise<Token | ProviderFailure> => {
        own = true;
        const got = await exchange();
        if (got.ok) {
          const lifeMs = got.expiresInSeconds * 1000;
          await memory.write(tokenKey, got.token, now().getTime() + Math.max(lifeMs - earlyMs, lifeMs * 0.9));
        }
        return got;
      };
      const got = await memory.once(tokenKey, make);
      if (got.ok) return got.token;
      // The other send was aborted; this one was not.
      if (!own && got.kind === "aborted") return exchange().then((again) => (again.ok ? again.token : again));
      return got;
    },
    async forgetToken(token) {
      if ((await memory.read(tokenKey)) === token) await memory.write(tokenKey, undefined, 0);
    },
  };
}
