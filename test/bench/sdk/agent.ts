import { Agent } from "node:https";
import { connect } from "node:net";

/**
 * An agent for `https:` whose connections all lead to the sink, without TLS: for SDKs that have no option for another
 * address. Both sides get one where one needs it.
 */
export function agentTo(sink: string): Agent {
  const { hostname, port } = new URL(sink);
  const agent = new Agent({ keepAlive: true });
  agent.createConnection = () => connect({ host: hostname, port: Number(port), noDelay: true });
  return agent;
}
