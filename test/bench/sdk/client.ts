/** A process that is one side of one case: `client.ts <case> <side> <sink>`. Measures when it is told to. */
import { cases } from "./cases.ts";
import { type Side } from "./case.ts";
import { load, type Order } from "./load.ts";

const [name = "", side = "", sink = ""] = process.argv.slice(2);
const found = cases.find((one) => one.name === name);
if (found === undefined) throw new Error(`There is no case ${name}`);
const once = await found[side as Side]({ sink });
await once();
process.on("message", (order: Order) => {
  void load(once, order).then((score) => process.send?.(score));
});
process.on("disconnect", () => process.exit());
process.send?.("ready");
