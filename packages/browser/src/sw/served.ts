/**
 * `/sdk/sw.js`, as the service serves it: a script without imports and exports, for `importScripts()` in a classic service
 * worker as for `import` in a module.
 */
import { listen } from "./listen.ts";

listen(self as unknown as ServiceWorkerGlobalScope);
