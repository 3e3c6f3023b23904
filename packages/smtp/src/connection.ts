/** A connection as bytes, whatever runtime it is of. */
export interface Connection {
  /** The next bytes; undefined at the end. Rejects where the connection broke. */
  read(): Promise<Uint8Array | undefined>;
  write(bytes: Uint8Array): Promise<void>;
  /** Turns it into TLS (RFC 3207), with the server's certificate checked. Once, with nothing read or written meanwhile. */
  startTls(): Promise<void>;
  /** Writes this, and closes when it has gone. Does not wait. */
  finish(bytes: Uint8Array): void;
  /** Drops it: what is read or written then fails. */
  close(): void;
}

export interface Target {
  readonly host: string;
  readonly port: number;
  /** From the first byte. */
  readonly tls: boolean;
  readonly ca: string | undefined;
}
