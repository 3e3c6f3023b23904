/** 3GPP TS 23.038 section 6.2.1, in the order of the codes; the second half stands behind an escape. */
const alphabet =
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
  "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
const escaped = "\f^{}\\[~]|€";

const septets: ReadonlyMap<string, number> = /* @__PURE__ */ new Map([
  ...[...alphabet].map((character): [string, number] => [character, 1]),
  ...[...escaped].map((character): [string, number] => [character, 2]),
]);

/** Cuts a text as it travels: 140 octets, of which 6 join the parts where there are several (3GPP TS 23.040 section 9.2.3.24.1). */
export function cutIntoSegments(text: string): {
  readonly encoding: "GSM-7" | "UCS-2";
  readonly segments: readonly string[];
} {
  const characters = [...text];
  const isGsm = characters.every((character) => septets.has(character));
  const costs = characters.map((character) => (isGsm ? (septets.get(character) ?? 1) : character.length));
  const total = costs.reduce((sum, cost) => sum + cost, 0);
  const bitsPerUnit = isGsm ? 7 : 16;
  const octets = total * bitsPerUnit <= 140 * 8 ? 140 : 134;
  const room = Math.floor((octets * 8) / bitsPerUnit);
  const segments: string[][] = [];
  let used = Infinity;
  for (const [index, character] of characters.entries()) {
    const cost = costs[index] ?? 1;
    if (used + cost > room) {
      segments.push([]);
      used = 0;
    }
    segments.at(-1)?.push(character);
    used += cost;
  }
  return { encoding: isGsm ? "GSM-7" : "UCS-2", segments: segments.map((part) => part.join("")) };
}
