/** The longest text that is reported of a failure, in UTF-16 units. */
export const maxDetailLength: number = 500;

const mask = "[redacted]";
/** Read from the beginning of a longer text, so that a hostile answer costs no more than a short one. */
const scannedLength = 2000;
/** The shortest beginning of a secret that is masked at the end of a text, and the shortest piece of base64 at all. */
const leastLength = 6;
/** Anything like an address, but for the labels of addresses (`a***@example.com`), which are made to be shown. */
const addressLike = /[^\s@<>()"',;:]{1,256}(?<!\*\*\*)@[^\s@<>()"',;:]*/;

/**
 * Makes the function that cleans reported text: the usual spellings of the given secrets and whatever looks like an
 * e-mail address are masked, control characters and white space become single spaces, and the rest is cut to
 * {@link maxDetailLength}.
 */
export function redactor(secrets: readonly string[]): (text: unknown) => string {
  // The longest first: a secret that contains another one goes as a whole.
  const known = secrets
    .flatMap(spellings)
    .filter(Boolean)
    .sort((a, b) => b.length - a.length);
  const literals = known.map((text) => text.replace(/[^\w\s]/g, "\\$&"));
  const pattern = new RegExp([...literals, addressLike.source].join("|"), "gi");
  return (text) =>
    // A provider may hand on what is no text, whatever its types say.
    maskCutEnd(String(text).slice(0, scannedLength).replace(pattern, mask), known)
      .replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, " ")
      .trim()
      .slice(0, maxDetailLength)
      .replace(/[\ud800-\udbff]$/, "");
}

/** A text that was cut, here or before, may end in the middle of a secret. */
function maskCutEnd(text: string, secrets: readonly string[]): string {
  for (const secret of secrets) {
    for (let length = secret.length; --length >= leastLength;) {
      if (text.endsWith(secret.slice(0, length))) return text.slice(0, -length) + mask;
    }
  }
  return text;
}

/** A secret as it may come back: as it is, in JSON, in a URL, and at the beginning of something in base64. */
function spellings(secret: string): string[] {
  const bytes = new TextEncoder().encode(secret);
  // Without the last character, which shares bits with what follows. Shorter ones would hit innocent text.
  const base64 = btoa(String.fromCharCode(...bytes)).slice(0, (bytes.length * 8) / 6);
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(new TextDecoder().decode(bytes)),
    base64.length < leastLength ? "" : base64,
  ];
}
