// What the component exports: the name is that of the interface in the contract.
import { exportRunner } from "./phasegate-plugin/index.js";
import * as contains from "./runner.ts";

export const runner = exportRunner(contains);
