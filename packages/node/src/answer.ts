import type { IncomingMessage } from "node:http";
import { pipeline, type Readable } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import type { FetchAnswer } from "carillon";

/** How many pieces of a body, of up to 64 kB, wait to be read before no more are taken from the connection. */
const maxWaiting = 16;

/** The answer, of which the body comes as it is read; `stop` ends the request. */
export function readAnswer(incoming: IncomingMessage, stop: () => void): FetchAnswer {
  const { statusCode: status = 0, headers } = incoming;
  const valueOf = (name: string): unknown => headers[name.toLowerCase()];
  const reader = readerOf(decoded(incoming, headers["content-encoding"]), stop);
  return {
    status,
    headers: {
      get: (name) => (valueOf(name) === undefined ? null : String(valueOf(name))),
      has: (name) => valueOf(name) !== undefined,
    },
    body: { getReader: () => reader },
  };
}

/** Nothing is asked for in a coding; some servers use one all the same. */
const decoders: Readonly<Record<string, () => NodeJS.ReadWriteStream & Readable>> = {
  gzip: createGunzip,
  "x-gzip": createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

function decoded(incoming: IncomingMessage, coding = "identity"): Readable {
  const decoder = Object.hasOwn(decoders, coding) ? decoders[coding]?.() : undefined;
  // What breaks ends both, and is seen by who reads.
  return decoder ? pipeline(incoming, decoder, () => {}) : incoming;
}

type Reader = ReturnType<NonNullable<FetchAnswer["body"]>["getReader"]>;

/** What a stream gives, to be asked for piece by piece. A stream of the web's would cost more than the request. */
function readerOf(stream: Readable, stop: () => void): Reader {
  const waiting: Uint8Array[] = [];
  let end: "whole" | "cut" | undefined;
  let wake = (): void => {};
  stream.on("data", (piece: Uint8Array) => {
    if (waiting.push(piece) > maxWaiting) stream.pause();
    wake();
  });
  const over = (how: "whole" | "cut") => (): void => {
    end ??= how;
    wake();
  };
  stream.on("end", over("whole"));
  stream.on("error", over("cut"));
  stream.on("close", over("cut"));
  return {
    async read() {
      while (waiting.length === 0 && end === undefined) await new Promise<void>((resolve) => (wake = resolve));
      const value = waiting.shift();
      if (waiting.length === maxWaiting) stream.resume();
      if (value) return { done: false, value };
      if (end === "cut") throw new TypeError("The answer broke off");
      return { done: true };
    },
    async cancel() {
      stop();
    },
  };
}
