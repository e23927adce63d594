/** What a config file may import: `import { … } from "aggregator"`. */
export * from "./config/api.ts";
