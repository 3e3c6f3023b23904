/** Names that mail uses, each before its character; accented letters are composed below instead. */
const names =
  "amp & lt < gt > quot \" apos ' nbsp \u00a0 shy \u00ad hellip … mdash — ndash – lsquo ‘ rsquo ’ sbquo ‚ ldquo “ rdquo ” bdquo „ lsaquo ‹ rsaquo › laquo « raquo » bull • middot · copy © reg ® trade ™ euro € pound £ yen ¥ cent ¢ sect § para ¶ deg ° plusmn ± times × divide ÷ minus − frac12 ½ frac14 ¼ frac34 ¾ sup1 ¹ sup2 ² sup3 ³ ordf ª ordm º micro µ not ¬ iexcl ¡ iquest ¿ larr ← uarr ↑ rarr → darr ↓ dagger † check ✓ star ☆ hearts ♥ prime ′ infin ∞ ne ≠ le ≤ ge ≥ szlig ß AElig Æ aelig æ OElig Œ oelig œ Oslash Ø oslash ø ETH Ð eth ð THORN Þ thorn þ zwnj \u200c zwj \u200d lrm \u200e rlm \u200f ensp \u2002 emsp \u2003 thinsp \u2009".split(
    " ",
  );

/** Combining marks by what a name ends with: `eacute` is e and the acute (U+0301), composed. */
const marks = "grave\u0300acute\u0301circ\u0302tilde\u0303uml\u0308ring\u030acaron\u030ccedil\u0327";

/** Numbers 128 to 159 mean Windows-1252 (https://html.spec.whatwg.org/multipage/parsing.html#numeric-character-reference-end-state). */
const windows1252 = "€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ";

function named(name: string): string | undefined {
  const at = names.indexOf(name);
  if (at >= 0 && at % 2 === 0) return names[at + 1];
  const mark = /^[a-z]{3,5}$/.test(name.slice(1)) ? marks.indexOf(name.slice(1)) : -1;
  // Not every pair is a letter: what does not become one character was no name.
  const letter = mark < 0 ? "" : (name.charAt(0) + marks.charAt(mark + name.length - 1)).normalize("NFC");
  return letter.length === 1 ? letter : undefined;
}

function numbered(code: number): string {
  if (code >= 128 && code < 160) return windows1252.charAt(code - 128);
  const isCharacter = code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
  return isCharacter ? String.fromCodePoint(code) : "\ufffd";
}

/** Unknown names stay as they are, and so does `&copy=` in a link's query. */
export function decodeEntities(text: string): string {
  return text.replace(
    /&(?:#x([\da-f]+);?|#(\d+);?|([a-z]\w{1,7})(?:;|(?![=\w])))/gi,
    (whole: string, hex?: string, decimal?: string, name?: string) =>
      name === undefined ? numbered(Number.parseInt(hex ?? decimal ?? "", hex ? 16 : 10)) : (named(name) ?? whole),
  );
}
