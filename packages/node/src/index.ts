export { nodeFetch, type NodeAgent, type NodeFetchOptions } from "./fetch.ts";
