import type { Answer } from "../route.ts";
import type { QueueDelivery } from "./delivery.ts";
import type { Records } from "./records.ts";

/** A request to the API, its credential already checked. */
export interface QueueRequest {
  readonly method: string;
  /** Without the prefix that names the host. */
  readonly path: string;
  /** Without the credential. */
  readonly query: URLSearchParams;
  /** The same as it came: a destination ends in it. */
  readonly search: string;
  readonly headers: Headers;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly json: unknown;
  readonly nowMs: number;
  readonly callerIp: string;
  readonly region: string;
}

export interface QueueContext {
  readonly records: Records;
  readonly delivery: Pick<QueueDelivery, "running">;
  /** Base URL of whom messages are delivered to. */
  readonly target: string | undefined;
}

/** Takes what waits (a hash, say) before it decides; `decide` has the effect, and waits for nothing. */
export type Decide = () => Answer;

export interface QueueRoute {
  readonly method: string;
  /** Of the path after `/v2`; its groups are the parameters. */
  readonly path: RegExp;
  handle(request: QueueRequest, parameters: readonly string[], context: QueueContext): Decide | Promise<Decide>;
}
