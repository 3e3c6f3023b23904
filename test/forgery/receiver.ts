import { parseHttpFixture } from "@carillon/testing/checks";
import type { ReceiveOptions, WebhookSource } from "carillon";
import type { Changed, Proof, Request } from "./request.ts";
import { headerOf, withHeaders } from "./request.ts";

/** Whose secret signs: the one that the receiver is configured with, or that of another customer of the same provider. */
export type Tenant = "ours" | "theirs";

/** Something that is like the genuine request, and is not. */
export interface Variant {
  readonly what: string;
  readonly request: Request;
}

/** A receiver of webhooks, and all that it takes to sign for it. */
export interface Receiver {
  /** `twilio (form)`. */
  readonly name: string;
  /** The path part of the Worker's route. */
  readonly provider: string;
  create(): WebhookSource;
  /** Webhooks of the provider's documentation, unsigned; of the same shape, about different things. */
  readonly samples: readonly [Request, Request];
  /** Of other shapes, in which values are replaced as well. */
  readonly more?: readonly Request[] | undefined;
  /** Undefined for a body that has no place for the signature. `time`: the text of the time that is signed. */
  sign(request: Request, at: Date, tenant?: Tenant, time?: string): Promise<Request | undefined>;
  /** The signature, and what travels with it. */
  readProof(request: Request): Proof;
  writeProof(request: Request, changed: Changed): Request;
  /** The name of the part that is the signature itself. */
  readonly signature: string;
  /**
   * All that the signature speaks for, as the provider's documentation has it. A forgery that is let in must leave it as
   * it was. A credential speaks for nothing but itself.
   */
  covered(request: Request): string;
  /** Signatures by other algorithms, versions and constructions. */
  otherwise(signed: Request, at: Date): Promise<readonly Variant[]>;
  readonly fetch?: ReceiveOptions["fetch"];
}

const fixtures = import.meta.glob<string>(
  "../../packages/carillon/src/{providers,receivers}/*/fixtures/webhook/*/request.http",
  {
    query: "?raw",
    import: "default",
    eager: true,
  },
);

/** The id of a Standard Webhook stays: it is the message's own. */
const proofs = /signature|timestamp|^authorization$/;

/** A webhook of the SDK's fixtures, without its signature, sent to the Worker's route. */
export function sample(provider: string, name: string): Request {
  const [, text] =
    Object.entries(fixtures).find(([path]) => path.endsWith(`/${provider}/fixtures/webhook/${name}/request.http`)) ??
    [];
  if (text === undefined) throw new Error(`No webhook ${name} of ${provider}`);
  const { start, headers, body } = parseHttpFixture(text);
  const { search } = new URL(start.replace(/^\w+ /, ""));
  return {
    method: "POST",
    url: `https://carillon.test/v1/webhooks/${provider}${search}`,
    headers: Object.entries(headers).filter(([name]) => !proofs.test(name)),
    body,
  };
}

/** For proofs that travel in headers. */
export function inHeaders(names: readonly string[]): Pick<Receiver, "readProof" | "writeProof"> {
  return {
    readProof: (request) =>
      Object.fromEntries(
        names.flatMap((name) => {
          const value = headerOf(request, name);
          return value === undefined ? [] : [[name, value]];
        }),
      ),
    writeProof: withHeaders,
  };
}
