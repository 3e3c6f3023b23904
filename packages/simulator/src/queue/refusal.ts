import type { Answer } from "../route.ts";

/** QStash's answer to what it does not take. */
export class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = "Refusal";
    this.status = status;
  }

  answer(): Answer {
    return { status: this.status, body: { error: this.message } };
  }
}
