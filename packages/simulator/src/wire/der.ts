/** An ECDSA signature as ASN.1 DER (`SEQUENCE { r INTEGER, s INTEGER }`, RFC 3279 section 2.2.3) from WebCrypto's r‖s. */
export function derSignature(raw: Uint8Array): Uint8Array<ArrayBuffer> {
  const half = raw.length / 2;
  const body = [...integer(raw.subarray(0, half)), ...integer(raw.subarray(half))];
  return Uint8Array.from([0x30, body.length, ...body]);
}

/** Shortest form, with a leading zero where the number would read as negative. At most 33 bytes for P-256. */
function integer(bytes: Uint8Array): number[] {
  const digits = [...bytes];
  while (digits.length > 1 && digits[0] === 0) digits.shift();
  if ((digits[0] ?? 0) >= 0x80) digits.unshift(0);
  return [0x02, digits.length, ...digits];
}
