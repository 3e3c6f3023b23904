/** A process that is the sink: says where it listens, and lives as long as its parent. */
import type { AddressInfo } from "node:net";
import { createSink } from "./answers.ts";

const server = createSink();
server.keepAliveTimeout = 600_000;
server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
process.on("disconnect", () => process.exit());
