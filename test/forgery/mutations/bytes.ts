import { positions } from "../seeded.ts";
import { join } from "../signing.ts";
import type { Ground, Mutation } from "./mutation.ts";

/** The body with some of its bytes changed, taken away, put in, moved, or said twice. */
export function* bytes({ signed, random }: Ground): Generator<Mutation> {
  const { body } = signed;
  const made = (what: string, changed: typeof body): Mutation => ({ what, request: { ...signed, body: changed } });
  for (const position of positions(random, body.length, 90)) {
    const flipped = body.slice();
    flipped[position]! ^= 1 << Math.floor(random() * 8);
    yield made(`a bit of byte ${position} turned`, flipped);
  }
  for (const position of positions(random, body.length, 25)) {
    yield made(`byte ${position} taken away`, join(body.slice(0, position), body.slice(position + 1)));
    yield made(`byte ${position} twice`, join(body.slice(0, position + 1), body.slice(position)));
    const strange = Uint8Array.of([0, 0x20, 0x0a, 0x22, 0x80, 0xff][Math.floor(random() * 6)]!);
    yield made(
      `byte ${strange[0]} before byte ${position}`,
      join(body.slice(0, position), strange, body.slice(position)),
    );
  }
  for (const position of positions(random, body.length - 1, 15)) {
    const moved = body.slice();
    [moved[position], moved[position + 1]] = [moved[position + 1]!, moved[position]!];
    if (moved[position] !== moved[position + 1]) yield made(`bytes ${position} and the next exchanged`, moved);
  }
  for (const length of positions(random, body.length, 15)) yield made(`cut to ${length} bytes`, body.slice(0, length));
  for (const more of ["\n", " ", "\0", "{}", "&a=b", "\r\n\r\n", "\u{feff}"]) {
    yield made(`${JSON.stringify(more)} after it`, join(body, more));
    yield made(`${JSON.stringify(more)} before it`, join(more, body));
  }
  yield made("twice", join(body, body));
  yield made("backwards", body.toReversed());
  yield made("in UTF-16", Uint8Array.from([...body].flatMap((byte) => [byte, 0])));
}
