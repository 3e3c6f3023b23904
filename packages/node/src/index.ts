export { nodeCrypto } from "./crypto.ts";
export { nodeFetch, type NodeAgent, type NodeFetchOptions } from "./fetch.ts";
