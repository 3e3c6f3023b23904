import { nodeCrypto, nodeFetch } from "@carillon/node";
import type { NotifierOptions, SyncCrypto } from "carillon";

/** Does the thing once: sends a message, builds a request. Rejects when that did not succeed. */
export type Once = () => unknown;

export interface Setting {
  /** Origin of the sink. */
  readonly sink: string;
  /** For Carillon, where it is not to use the platform's. */
  readonly fetch?: NotifierOptions["fetch"];
  readonly crypto?: SyncCrypto;
}

/** The same work by Carillon and by the official SDK. Each is set up in a process of its own, and imports only its side. */
export interface Case {
  readonly name: string;
  /** The package on the other side; its version is looked up. */
  readonly rival: string;
  /** How each side reaches the sink, where it does. */
  readonly reach?: { readonly carillon: string; readonly official: string };
  readonly inFlight: readonly number[];
  carillon(setting: Setting): Promise<Once>;
  official(setting: Setting): Promise<Once>;
}

export const sides = ["carillon", "official"] as const;
export type Side = (typeof sides)[number];

/** What carries the requests. */
export const reaches = {
  fetch: "fetch",
  axios: "axios over node:http",
  node: "node:http",
  own: "@carillon/node",
  agent: "node:https without TLS",
  ownAgent: "@carillon/node without TLS",
} as const;

/** The same case with the transport that Carillon has for Node. */
export function overNode(one: Case): Case {
  return {
    ...one,
    name: `${one.name}, @carillon/node`,
    reach: { carillon: reaches.own, official: one.reach?.official ?? "" },
    carillon: (setting) => one.carillon({ ...setting, fetch: nodeFetch() }),
  };
}

/** The same case with the cryptography that Carillon has for Node. */
export function withNodeCrypto(one: Case): Case {
  return {
    ...one,
    name: `${one.name}, @carillon/node`,
    carillon: (setting) => one.carillon({ ...setting, crypto: nodeCrypto }),
  };
}

/** What a send gave; throws where that was no success, so that no failure is counted as a fast send. */
export function succeeded(result: { readonly ok: boolean }): void {
  if (!result.ok) throw new Error(JSON.stringify(result));
}
