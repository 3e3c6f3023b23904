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
 * Cuts what is due into chunks, in the given order: one lane each, no longer than the lane's size, no heavier than
 * `maxContentBytes` of distinct content, and no more chunks than there is room for. `pay` says whether the lane takes one
 * more message now, which opens a chunk or joins one; what it refuses is left out.
 */
export function planChunks<T extends DueMessage>(
  due: readonly T[],
  room: number,
  maxContentBytes: number,
  pay: (message: T, opensChunk: boolean) => boolean = () => true,
): readonly PlannedChunk[] {
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
      if (closed.length + open.size >= room || !pay(message, true)) continue;
      open.set(message.lane, (chunk = { members: [], stems: new Set(), bytes: 0, size: message.size }));
    } else if (!pay(message, false)) continue;
    chunk.members.push(message.uuid);
    if (!chunk.stems.has(message.stem)) chunk.bytes += message.contentBytes;
    chunk.stems.add(message.stem);
  }
  return [...closed, ...Array.from(open, ([lane, { members }]) => ({ lane, members }))].slice(0, room);
}
