import { describeProvider } from "@carillon/testing";
import serviceAccount from "./fixtures/service-account.json?raw";
import { fcm, settings } from "./index.ts";

const { private_key: privateKey } = JSON.parse(serviceAccount) as { readonly private_key: string };

describeProvider({
  create: () => fcm({ serviceAccount }),
  secrets: [privateKey, privateKey.split("\n")[1]!],
  settings,
  variables: { FCM_SERVICE_ACCOUNT: serviceAccount },
  fixtures: import.meta.glob<string>("./fixtures/send/**", { query: "?raw", import: "default", eager: true }),
});
