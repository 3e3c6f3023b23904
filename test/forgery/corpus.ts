import { bytes } from "./mutations/bytes.ts";
import { clocks } from "./mutations/clocks.ts";
import { hostile, signedHostile } from "./mutations/hostile.ts";
import type { Ground, Mutate } from "./mutations/mutation.ts";
import { proofs } from "./mutations/proofs.ts";
import { transport } from "./mutations/transport.ts";
import type { Receiver } from "./receiver.ts";
import type { Request } from "./request.ts";
import { seeded } from "./seeded.ts";

/** In which way a request of the corpus is not what the provider sent. `hostile-signed` is what it would have sent. */
const families = {
  bytes,
  proofs,
  transport,
  clocks,
  hostile,
  "hostile-signed": signedHostile,
  async *otherwise({ receiver, signed, now }: Ground) {
    for (const variant of await receiver.otherwise(signed, now)) yield variant;
  },
} satisfies Readonly<Record<string, Mutate>>;

export type Family = keyof typeof families;

/** One request of the corpus. */
export interface Attempt {
  readonly receiver: Receiver;
  readonly family: Family;
  readonly what: string;
  readonly request: Request;
  /** What the provider has signed, and this one was made of. */
  readonly genuine: readonly Request[];
}

const modules = import.meta.glob<{ readonly receivers: readonly Receiver[] }>("./receivers/*.ts", { eager: true });

/** All that receive webhooks. A file in `receivers/` is all that it takes. */
export const receivers: readonly Receiver[] = Object.values(modules).flatMap(({ receivers }) => receivers);

/** The same requests at every run, but for their signatures, which some schemes draw at random. */
export async function* attempts(receiver: Receiver, now: Date): AsyncGenerator<Attempt> {
  const [first, second] = receiver.samples;
  const signed = await receiver.sign(first, now);
  const other = await receiver.sign(second, new Date(now.getTime() - 1000));
  if (signed === undefined || other === undefined) throw new Error(`${receiver.name} has no place for a signature`);
  const ground: Ground = { receiver, unsigned: first, signed, other, now, random: seeded(4) };
  for (const [family, mutate] of Object.entries(families) as [Family, Mutate][]) {
    for await (const { what, request, original = signed } of mutate(ground)) {
      if (!isSame(request, signed)) yield { receiver, family, what, request, genuine: [original, other] };
    }
  }
}

function isSame(one: Request, other: Request): boolean {
  return (
    one.method === other.method &&
    one.url === other.url &&
    JSON.stringify(one.headers) === JSON.stringify(other.headers) &&
    one.body.length === other.body.length &&
    one.body.every((byte, index) => byte === other.body[index])
  );
}
