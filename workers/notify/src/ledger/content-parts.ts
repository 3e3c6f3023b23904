import { execForEach } from "./sql.ts";

/** Content that is larger is stored in parts: no value may pass 2 MB. */
export const partBytes = 1_000_000;

export function insertParts(sql: SqlStorage, uuid: string, bytes: Uint8Array): void {
  for (let part = 0; part * partBytes < bytes.length; part++) {
    const data = bytes.slice(part * partBytes, (part + 1) * partBytes);
    sql.exec("INSERT INTO content_part (notification, part, data) VALUES (?, ?, ?)", uuid, part, data.buffer);
  }
}

export function readParts(sql: SqlStorage, uuid: string): string {
  const decoder = new TextDecoder();
  let text = "";
  for (const row of sql.exec("SELECT data FROM content_part WHERE notification = ? ORDER BY part", uuid)) {
    text += decoder.decode(row["data"] as ArrayBuffer, { stream: true });
  }
  return text + decoder.decode();
}

/** Puts other contents in the place of notifications'. */
export function putContents(
  sql: SqlStorage,
  contents: readonly { readonly uuid: string; readonly content: string }[],
): void {
  const rows = contents.map(({ uuid, content }) => ({ uuid, content, bytes: new TextEncoder().encode(content) }));
  const isLarge = ({ bytes }: (typeof rows)[number]): boolean => bytes.length > partBytes;
  const stored = rows.map((row) => ({
    uuid: row.uuid,
    content: isLarge(row) ? null : row.content,
    bytes: row.bytes.length,
  }));
  const uuids = rows.map(({ uuid }) => uuid);
  execForEach(sql, "DELETE FROM content_part WHERE notification IN (SELECT value FROM json_each(?1))", uuids);
  execForEach(
    sql,
    `UPDATE notification SET content = value ->> 'content', content_bytes = value ->> 'bytes'
     FROM json_each(?1) WHERE notification.uuid = value ->> 'uuid'`,
    stored,
  );
  for (const { uuid, bytes } of rows.filter(isLarge)) insertParts(sql, uuid, bytes);
}
