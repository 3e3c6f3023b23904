import type { Changed, Proof } from "../request.ts";
import { positions } from "../seeded.ts";
import type { Ground, Mutation } from "./mutation.ts";

/** Parts of the proof changed by a character, missing, cut, repeated, exchanged, of another message or another tenant. */
export async function* proofs(ground: Ground): AsyncGenerator<Mutation> {
  const { receiver, signed, unsigned, other, now, random } = ground;
  const proof = receiver.readProof(signed);
  const written = (what: string, changed: Changed): Mutation => ({
    what,
    request: receiver.writeProof(signed, changed),
  });
  for (const [name, value] of Object.entries(proof)) {
    for (const position of positions(random, value.length, 48)) {
      yield written(`character ${position} of ${name}`, { [name]: changedAt(value, position) });
    }
    for (const [what, text] of Object.entries(forms(value))) yield written(`${name} ${what}`, { [name]: text });
  }
  yield* exchanged(ground, proof);
  const strangers = await receiver.sign(unsigned, now, "theirs");
  if (strangers === undefined) return;
  const theirs = receiver.readProof(strangers);
  yield { what: "signed for another tenant", request: strangers };
  for (const [name, value] of Object.entries(theirs)) {
    if (value !== proof[name]) yield written(`${name} of another tenant`, { [name]: value });
  }
  // Messages of the same provider, that this signature was not made for.
  const others = receiver.readProof(other);
  yield written("the proof of another message", others);
  yield { what: "another message's body", request: { ...signed, body: other.body } };
  for (const [name, value] of Object.entries(others)) {
    if (value !== proof[name]) yield written(`${name} of another message`, { [name]: value });
  }
}

function* exchanged({ receiver, signed }: Ground, proof: Proof): Generator<Mutation> {
  const parts = Object.entries(proof);
  yield {
    what: "no proof at all",
    request: receiver.writeProof(signed, Object.fromEntries(parts.map(([name]) => [name, undefined]))),
  };
  for (const [name, value] of parts) {
    for (const [otherName, otherValue] of parts) {
      if (name >= otherName) continue;
      const swapped = { [name]: otherValue, [otherName]: value };
      yield { what: `${name} and ${otherName} exchanged`, request: receiver.writeProof(signed, swapped) };
    }
  }
}

function changedAt(text: string, position: number): string {
  const old = text[position]!;
  const changed = /\d/.test(old) ? String((Number(old) + 1) % 10) : old === "A" ? "B" : "A";
  return text.slice(0, position) + changed + text.slice(position + 1);
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Of nothing, of too much, and what lenient decoders of base64 and hexadecimal read the same bytes out of. */
function forms(value: string): Readonly<Record<string, string | undefined>> {
  const half = Math.floor(value.length / 2);
  const forms: Readonly<Record<string, string | undefined>> = {
    "taken away": undefined,
    empty: "",
    "cut by one": value.slice(0, -1),
    "cut by four": value.slice(0, -4),
    halved: value.slice(0, half),
    "without its beginning": value.slice(1),
    "twice, a comma between": `${value},${value}`,
    "twice, a space between": `${value} ${value}`,
    "twice, nothing between": `${value}${value}`,
    "with a zero after it": `${value}0`,
    "with a letter before it": `A${value}`,
    "with a semicolon after it": `${value};`,
    "in quotes": `"${value}"`,
    "in brackets": `[${value}]`,
    reversed: [...value].toReversed().join(""),
    "in lower case": value.toLowerCase(),
    "in upper case": value.toUpperCase(),
    "with a tab in it": `${value.slice(0, half)}\t${value.slice(half)}`,
    "with a space in it": `${value.slice(0, half)} ${value.slice(half)}`,
    "with a quotation mark in it": `${value.slice(0, half)}"${value.slice(half)}`,
    "without padding": value.replace(/=+$/, ""),
    "with more padding": `${value}=`,
    "with padding in it": `${value.slice(0, 4)}=${value.slice(4)}`,
    "in the URL's alphabet": value.replaceAll("+", "-").replaceAll("/", "_"),
    "in the other alphabet": value.replaceAll("-", "+").replaceAll("_", "/"),
    "percent-encoded": encodeURIComponent(value),
    "with bits set that decoding throws away": value.replace(
      /(.)(=+)$/,
      (_, last: string, padding: string) => `${alphabet[(alphabet.indexOf(last) ^ 1) & 63]}${padding}`,
    ),
    "with the last bits set": value.replace(/.$/, (last) => alphabet[(alphabet.indexOf(last) ^ 1) & 63] ?? last),
    "in Latin-1": `${value}é`,
    undefined: "undefined",
    null: "null",
    zero: "0",
    true: "true",
    NaN: "NaN",
    "an object": "{}",
    __proto__: "__proto__",
    "of 10,000 characters": "A".repeat(10_000),
    "of 10,000 digits": "9".repeat(10_000),
    "of 5,000 commas": ",".repeat(5_000),
    "of 5,000 dots": ".".repeat(5_000),
  };
  return Object.fromEntries(Object.entries(forms).filter(([, text]) => text !== value));
}
