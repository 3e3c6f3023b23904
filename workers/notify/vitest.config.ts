import { project } from "./test/project.ts";

export default project({
  name: "notify",
  include: ["{src,test}/**/*.test.ts"],
  exclude: ["test/wakes{,-outage}.test.ts"],
});
