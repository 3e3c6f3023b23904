import { CarillonError } from "carillon";

/** A message that does not fit into one of QStash's, thrown before anything is sent. A store makes room: only a reference travels. */
export class MessageTooLargeError extends CarillonError {
  override readonly name: string = "MessageTooLargeError";
  override readonly code: string = "ERR_CARILLON_MESSAGE_TOO_LARGE";
  /** Of the JSON that would travel, attachments in base64 included. */
  readonly sizeBytes: number;
  readonly maxBodyBytes: number;

  constructor(sizeBytes: number, maxBodyBytes: number) {
    super(`The message is ${sizeBytes} bytes as JSON, and ${maxBodyBytes} at most can be enqueued.`);
    this.sizeBytes = sizeBytes;
    this.maxBodyBytes = maxBodyBytes;
  }
}
