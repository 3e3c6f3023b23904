/** A message that is due, and what decides whom it can travel with. */
export interface DueMessage {
  readonly uuid: string;
  readonly lane: string;
  /** The most messages of a chunk that it may be in; 1: alone. */
  readonly size: number;
  readonly stem: string;
  readonly contentBytes: number;
}

export interface PlannedChunk {
  readonly lane: string;
  readonly members: readonly string[];
}

/**
 * Cuts what is due into chunks, in the given order (high priority first): one lane each, no longer than the lane's
 * size, no heavier than `maxContentBytes` of distinct content, and no more chunks than there is room for.
 */
export function planChunks(due: readonly DueMessage[], room: number, maxContentBytes: number): readonly PlannedChunk[] {
  const closed: PlannedChunk[] = [];
  const open = new Map<string, { members: string[]; stems: Set<string>; bytes: number; size: number }>();
  for (const message of due) {
    let chunk = open.get(message.lane);
    const extra = chunk?.stems.has(message.stem) ? 0 : message.contentBytes;
    if (
      chunk !== undefined &&
      (chunk.members.length >= Math.min(chunk.size, message.size) || chunk.bytes + extra > maxContentBytes)
    ) {
      closed.push({ lane: message.lane, members: chunk.members });
      open.delete(message.lane);
      chunk = undefined;
    }
    if (chunk === undefined) {
      if (closed.length + open.size >= room) continue;
      open.set(message.lane, (chunk = { members: [], stems: new Set(), bytes: 0, size: message.size }));
    }
    chunk.members.push(message.uuid);
    if (!chunk.stems.has(message.stem)) chunk.bytes += message.contentBytes;
    chunk.stems.add(message.stem);
  }
  return [...closed, ...Array.from(open, ([lane, { members }]) => ({ lane, members }))].slice(0, room);
}
