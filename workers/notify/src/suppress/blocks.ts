import { findBlocks } from "../directory/suppressions.ts";
import type { Blocks } from "../directory/suppressions.ts";
import type { Env } from "../env.ts";
import { erasedKeysOf } from "../recipients/erased-key.ts";
import { settingsOf } from "../settings.ts";

/**
 * What stands against sending to addresses, in one read: also what stood against them when somebody was erased who had
 * them, and is known by hashes since.
 */
export async function blocksOf(
  env: Env,
  channel: string,
  addressKeys: readonly string[],
  options: Parameters<typeof findBlocks>[3],
): Promise<Blocks> {
  const erased = await erasedKeysOf(settingsOf(env).recipients.erasureKeys, channel, addressKeys);
  const found = await findBlocks(env.DB, channel, [...addressKeys, ...erased.keys()], options);
  if (![...erased.keys()].some((key) => found.has(key))) return found;
  const blocks = new Map(found);
  for (const [key, addressKey] of erased) {
    blocks.set(addressKey, [...(blocks.get(addressKey) ?? []), ...(found.get(key) ?? [])]);
  }
  return blocks;
}
