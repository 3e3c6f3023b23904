/** What is charged, or costs time. */
export interface Usage {
  /** Requests to the Worker from outside. */
  workerRequests: number;
  /** Calls of objects, and their alarms. */
  objectRequests: number;
  /** Statements that objects ran, and transactions around them. */
  statements: number;
  transactions: number;
  rowsRead: number;
  /** With the alarms that were set, which are charged as rows. */
  rowsWritten: number;
  directoryQueries: number;
  directoryRowsRead: number;
  directoryRowsWritten: number;
  /** Calls that were asked of QStash. */
  wakes: number;
}
