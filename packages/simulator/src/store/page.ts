export interface Page<T> {
  readonly items: readonly T[];
  /** Hand it in as `before` to go on. */
  readonly next?: string | undefined;
}
