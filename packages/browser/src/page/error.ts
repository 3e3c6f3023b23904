/**
 * Why a browser is not subscribed:
 *
 * - `unsupported`: it has no push, or shows none here (a private window; on an iPhone, a page that is not on the home screen).
 * - `no-user-gesture`: it may only be asked for permission in the handler of a click or a key.
 * - `blocked`: the person has said no, and only they can take that back, in the browser's settings.
 * - `dismissed`: the person has closed the question unanswered. It may be asked again, later.
 * - `no-service-worker`: the page has registered none.
 * - `push-service`: the browser's push service could not be reached, or refused.
 * - `service`: Carillon's service could not be reached, or refused; `status` says how.
 */
export type PushErrorCode =
  | "unsupported"
  | "no-user-gesture"
  | "blocked"
  | "dismissed"
  | "no-service-worker"
  | "push-service"
  | "service";

export class PushError extends Error {
  override readonly name = "PushError";
  readonly code: PushErrorCode;
  /** Of the service's answer: 401 for a token that is not, or no longer, good. */
  readonly status: number | undefined;

  constructor(code: PushErrorCode, message: string, status?: number) {
    super(message);
    this.code = code;
    this.status = status;
  }
}
