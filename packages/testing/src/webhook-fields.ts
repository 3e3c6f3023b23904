import { encode } from "./bytes.ts";
import { ensure, ensureSame, type Check } from "./check.ts";
import { type Given, mustReject, offered, placed, signed } from "./webhook-given.ts";
import { changedText } from "./webhook-negatives.ts";
import { fixtureTime, mustAccept, mustBeRejected, receive } from "./webhook-trial.ts";

/** The negatives of signatures that cover fields of the request: each of them changed, and what they leave uncovered. */
export function fieldNegatives<O>(given: Given<O>, isReplayGuarded: boolean): readonly Check[] {
  return [
    ...(given.key.fields
      ? [{ name: "rejects any character of a covered field changed", run: () => changedFields(given) }]
      : []),
    ...(isReplayGuarded
      ? [{ name: "takes a captured signature under no other body", run: () => takenOnce(given) }]
      : []),
  ];
}

async function changedFields<O>(given: Given<O>): Promise<void> {
  const { fields } = given.key;
  const parts = await signed(given.key, given.unsigned);
  const covered = Object.entries(fields?.read(parts) ?? {});
  ensure(covered.length > 0, "the first fixture has none of the covered fields");
  for (const [name, value] of covered) {
    for (const [position, text] of changedText(value)) {
      await mustReject(given, fields?.write(parts, { [name]: text }), `character ${position} of field ${name} changed`);
    }
    for (const text of [`${value}A`, value.slice(0, -1), undefined]) {
      if (text === value) continue;
      const what = text === undefined ? "taken away" : `of ${text.length} characters, not ${value.length}`;
      await mustReject(given, fields?.write(parts, { [name]: text }), `field ${name} ${what}`);
    }
  }
}

/** What is left uncovered could be swapped, so that the receiver must be able to ask whether it has seen the signature. */
async function takenOnce<O>({ suite, key, unsigned }: Given<O>): Promise<void> {
  const source = suite.create(offered(key.option));
  const kept = new Map<string, number>();
  const seen = (name: string, forSeconds: number): boolean => kept.size === kept.set(name, forSeconds).size;
  const proof = await key.sign(unsigned, fixtureTime);
  await mustAccept(source, await signed(key, unsigned), "a signature that is new", fixtureTime, seen);
  ensureSame(kept.size, 1, "how many keys a genuine webhook is remembered by");

  const swapped = placed(key, { ...unsigned, body: encode('{"swapped":true}') }, proof);
  ensure(swapped !== undefined, "an object has a place for the signature");
  const replayed = await receive(source, swapped, fixtureTime, seen);
  mustBeRejected(replayed, "a captured signature over another body");
  ensureSame(replayed.reason, "replayed", "the reason when a signature comes again");
  for (const [name, text] of Object.entries(proof)) {
    const forged = placed(key, unsigned, { ...proof, [name]: `${text}0` });
    ensure(forged !== undefined, "the first fixture has a place for the signature");
    mustBeRejected(await receive(source, forged, fixtureTime, seen), "a forgery");
  }
  ensureSame(kept.size, 1, "how many keys are remembered after forgeries, which must not fill the memory");

  const { toleranceSeconds = 0 } = source.scheme;
  const [forSeconds = 0] = kept.values();
  ensure(forSeconds >= 2 * toleranceSeconds, "a signature must stay remembered for as long as it is in time");
  const later = new Date(fixtureTime.getTime() + 1000);
  await mustAccept(source, await signed(key, unsigned, later), "the next signature", later, seen);
}
