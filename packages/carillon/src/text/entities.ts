/** Each name before its character; then what the names of accented letters end with, before its combining mark. */
const characters =
  "amp&lt<gt>quot\"apos'nbsp\u00a0copy©reg®trade™hellip…mdash—ndash–lsquo‘rsquo’ldquo“rdquo”bull•middot·euro€pound£deg°" +
  "times×laquo«raquo»shy\u00adzwnj\u200cszligßgrave\u0300acute\u0301circ\u0302tilde\u0303uml\u0308ring\u030acaron\u030ccedil\u0327";

function find(name: string): string | undefined {
  return new RegExp(`\\b${name}(\\W)`).exec(characters)?.[1];
}

function named(name: string): string | undefined {
  // `eacute` is e and the acute, composed. Not every pair is a letter: what does not become one character was no name.
  const letter = `${name[0]}${find(name.slice(1))}`.normalize();
  return find(name) ?? (letter[1] ? undefined : letter);
}

function numbered(code: number): string {
  // 27 is what surrogates begin with; alone they are no characters.
  return code > 0 && code < 0x110000 && code >> 11 !== 27 ? String.fromCodePoint(code) : "\ufffd";
}

/**
 * Replaces every numeric reference, and the names that mail uses: signs, quotation marks, accented letters. All others
 * stay as they are, and so does one without its semicolon: `&copy=` in a link's query is none.
 */
export function decodeEntities(text: string): string {
  return text.replace(/&(?:#(\d+|x[\da-f]+)|(\w{2,8}));/gi, (whole: string, code?: string, name = "") =>
    code ? numbered(Number(`0${code}`)) : (named(name) ?? whole),
  );
}
