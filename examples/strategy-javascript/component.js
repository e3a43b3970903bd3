// What the component imports and exports: names are those of the contract.
import * as log from "phasegate:plugin/log@0.1.0";
import { exportStrategy } from "./phasegate-plugin/index.js";
import { decide } from "./root-first.js";

export const feedback = exportStrategy(decide, { log });
