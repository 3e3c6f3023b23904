import type { Connection } from "./connection.ts";

export interface Reply {
  readonly code: number;
  /** Of each line, without the code. */
  readonly lines: readonly string[];
}

/** Far more than any server has to say: RFC 5321 section 4.5.3.1.5 allows lines of 512 octets. */
const maxReplyLength = 65_536;

export interface Replies {
  /** The next reply (RFC 5321 section 4.2). Rejects for what is none, and where the connection ends before its end. */
  next(): Promise<Reply>;
  /** Whether something was said that nobody has asked for yet. */
  readonly isAhead: boolean;
}

/** Reads a connection's replies. */
export function repliesOf(connection: Connection): Replies {
  const decoder = new TextDecoder();
  let pending = "";
  const line = async (): Promise<string> => {
    for (;;) {
      const end = pending.indexOf("\n");
      if (end >= 0) {
        const found = pending.slice(0, end).replace(/\r$/, "");
        pending = pending.slice(end + 1);
        return found;
      }
      const bytes = pending.length > maxReplyLength ? undefined : await connection.read();
      if (!bytes) throw new Error("The connection ended");
      pending += decoder.decode(bytes, { stream: true });
    }
  };
  return {
    async next() {
      const lines: string[] = [];
      for (let length = 0; length <= maxReplyLength;) {
        const said = await line();
        const [, code, more, text = ""] = /^([2-5]\d\d)(?:([ -])(.*))?$/.exec(said) ?? [];
        if (!code) break;
        lines.push(text);
        length += said.length + 1;
        if (more !== "-") return { code: Number(code), lines };
      }
      throw new Error("This is no SMTP");
    },
    get isAhead() {
      return pending.length > 0;
    },
  };
}
