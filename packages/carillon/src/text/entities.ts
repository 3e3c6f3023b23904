/**
 * Names that mail uses: 64 places for Windows-1252's 128 to 191, then others, each before its code. Letters with accents
 * are composed below instead.
 */
const names: readonly string[] = /* @__PURE__ */ (
  "euro,,sbquo,,bdquo,hellip,,,,,,lsaquo,OElig,,,,,lsquo,rsquo,ldquo,rdquo,bull,ndash,mdash,,trade,,rsaquo,oelig,,,," +
  "nbsp,iexcl,cent,pound,,yen,,sect,,copy,ordf,laquo,,shy,reg,,deg,plusmn,sup2,sup3,,,,middot,,,ordm,raquo,frac14,frac12,frac34,iquest," +
  "amp,38,lt,60,gt,62,quot,34,apos,39,AElig,198,ETH,208,times,215,Oslash,216,THORN,222,szlig,223,aelig,230,eth,240,divide,247,oslash,248,thorn,254," +
  "ensp,8194,emsp,8195,thinsp,8201,zwnj,8204,zwj,8205,lrm,8206,rlm,8207,larr,8592,rarr,8594"
).split(",");

/** Numbers 128 to 159 mean Windows-1252 (https://html.spec.whatwg.org/multipage/parsing.html#numeric-character-reference-end-state). */
const windows1252 = "€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ";

/** Combining marks behind what a name ends with: `eacute` is e and the acute, composed. */
const marks = "grave\u0300acute\u0301circ\u0302tilde\u0303uml\u0308ring\u030acaron\u030ccedil\u0327";

function named(name: string): string | undefined {
  const index = names.indexOf(name);
  if (index >= 0) return numbered(index < 64 ? index + 128 : Number(names[index + 1]));
  const mark = new RegExp(`\\b${name.slice(1)}(\\W)`).exec(marks)?.[1];
  const letter = mark && (name.charAt(0) + mark).normalize();
  // Not every pair is a letter: what does not become one character was no name.
  return letter?.length === 1 ? letter : undefined;
}

function numbered(code: number): string {
  // 27 is what surrogates begin with; alone they are no characters.
  const isCharacter = code > 0 && code < 0x110000 && code >> 11 !== 27;
  return windows1252[code - 128] ?? (isCharacter ? String.fromCodePoint(code) : "\ufffd");
}

/** Unknown names stay as they are, and so does `&copy=` in a link's query. */
export function decodeEntities(text: string): string {
  return text.replace(
    /&(?:#(\d+|x[\da-f]+);?|([a-z]\w{1,7})(?:;|(?![=\w])))/gi,
    (whole: string, code?: string, name = "") => (code ? numbered(Number(`0${code}`)) : (named(name) ?? whole)),
  );
}
