import type { NotifierOptions } from "carillon";
import { fetchByNode } from "./agent.ts";

/** Does the thing once: sends a message, builds a request. Rejects when that did not succeed. */
export type Once = () => unknown;

export interface Setting {
  /** Origin of the sink. */
  readonly sink: string;
  /** For Carillon, where it is not to use the platform's. */
  readonly fetch?: NotifierOptions["fetch"];
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
  agent: "node:https without TLS",
} as const;

/** The same case with the same transport on both sides: Carillon's `fetch` is made of Node's client, which the other one uses. */
export function overNode(one: Case): Case {
  return {
    ...one,
    name: `${one.name}, over node:http`,
    reach: { carillon: reaches.node, official: one.reach?.official ?? "" },
    carillon: (setting) => one.carillon({ ...setting, fetch: fetchByNode() }),
  };
}

/** What a send gave; throws where that was no success, so that no failure is counted as a fast send. */
export function succeeded(result: { readonly ok: boolean }): void {
  if (!result.ok) throw new Error(JSON.stringify(result));
}
