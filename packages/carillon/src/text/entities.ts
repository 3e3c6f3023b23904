/** Each name before its character; last the marks that the names of accented letters end with. */
const characters =
  "amp&lt<gt>quot\"apos'nbsp\u00a0copy©reg®trade™hellip…mdash—ndash–lsquo‘rsquo’ldquo“rdquo”bull•middot·euro€pound£" +
  "rarr→laquo«raquo»shy\u00adzwnj\u200cszligßaeligæoslashøOslashØ" +
  "grave\u0300acute\u0301circ\u0302tilde\u0303uml\u0308ring\u030acedil\u0327";

function named(name: string): string | undefined {
  return new RegExp(`\\b${name}(\\W)`).exec(characters)?.[1];
}

/** `eacute` is e and the acute, composed. Not every pair is a letter: what does not become one character was no name. */
function accented(name: string): string | undefined {
  const mark = named(name.slice(1));
  const letter = mark && (name.charAt(0) + mark).normalize();
  return letter?.length === 1 ? letter : undefined;
}

function numbered(code: number): string {
  // 27 is what surrogates begin with; alone they are no characters.
  return code > 0 && code < 0x110000 && code >> 11 !== 27 ? String.fromCodePoint(code) : "\ufffd";
}

/**
 * Replaces every numeric reference, and the names of the signs and letters that mail uses. All others stay as they are,
 * and so does one without its semicolon: `&copy=` in a link's query is none.
 */
export function decodeEntities(text: string): string {
  return text.replace(/&(?:#(\d+|x[\da-f]+)|(\w{2,8}));/gi, (whole: string, code?: string, name = "") =>
    code ? numbered(Number(`0${code}`)) : (named(name) ?? accented(name) ?? whole),
  );
}
