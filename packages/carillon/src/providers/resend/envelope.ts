import { ownPrefix } from "../../provider/correlation.ts";

/** Name of the tag that tells the webhook's reader how many recipients a message has, when it has several. */
export const envelopeKey: string = `${ownPrefix}envelope`;
