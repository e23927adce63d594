export { PageMemory } from "../../src/pipeline/cases/page-memory.ts";
