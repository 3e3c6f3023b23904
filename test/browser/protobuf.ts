/** Protocol Buffers and MCS frames, as far as the stand-in for Google needs them. */
import type { Socket } from "node:net";

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  return Buffer.from([...bytes, rest]);
}

export function varintField(number: number, value: number): Buffer {
  return Buffer.concat([varint(number << 3), varint(value)]);
}

export function fixed64Field(number: number, value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return Buffer.concat([varint((number << 3) | 1), bytes]);
}

export function bytesField(number: number, value: Uint8Array): Buffer {
  return Buffer.concat([varint((number << 3) | 2), varint(value.length), value]);
}

export function textField(number: number, value: string): Buffer {
  return bytesField(number, Buffer.from(value));
}

/** A message of MCS: its kind, its size, its fields. */
export function frame(tag: number, fields: readonly Buffer[]): Buffer {
  const body = Buffer.concat(fields);
  return Buffer.concat([Buffer.of(tag), varint(body.length), body]);
}

/** Tells of each message that a client sends, after the one byte of its version. */
export function readFrames(socket: Socket, received: (tag: number) => void): void {
  let kept = Buffer.alloc(0);
  let hasVersion = false;
  socket.on("data", (chunk: Buffer) => {
    kept = Buffer.concat([kept, chunk]);
    if (!hasVersion && kept.length > 0) {
      hasVersion = true;
      kept = kept.subarray(1);
    }
    for (;;) {
      const found = frameIn(kept);
      if (found === undefined) return;
      kept = kept.subarray(found.end);
      received(found.tag);
    }
  });
}

function frameIn(bytes: Buffer): { readonly tag: number; readonly end: number } | undefined {
  let size = 0;
  for (let index = 1; index < Math.min(bytes.length, 6); index += 1) {
    const byte = bytes[index] ?? 0;
    size += (byte & 0x7f) * 2 ** (7 * (index - 1));
    if (byte >= 0x80) continue;
    const end = index + 1 + size;
    return end <= bytes.length ? { tag: bytes[0] ?? 0, end } : undefined;
  }
  return undefined;
}
