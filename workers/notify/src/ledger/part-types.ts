/** What the messages of a broadcast have in common, but for the content. */
export interface PartHead {
  /** Of the notification. */
  readonly uuid: string;
  /** The shard that took it, and keeps count. */
  readonly home: number;
  readonly channel: string;
  readonly priority: number;
  readonly acceptedAt: number;
  readonly sendAt: number;
  readonly expiresAt: number | undefined;
  readonly providers: readonly string[] | undefined;
  readonly category: string | undefined;
  readonly metadata: string | undefined;
  readonly schedule: string | undefined;
}

/** Messages of one shard, by status. */
export interface PartCounts {
  readonly uuid: string;
  /** Grows with every change: what is older is not listened to. */
  readonly version: number;
  readonly byStatus: Readonly<Record<string, number>>;
}

export interface CountsReport extends PartCounts {
  readonly home: number;
}
