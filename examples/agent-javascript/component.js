// What the component imports and exports: names are those of the contract.
import * as artifacts from "phasegate:plugin/artifacts@0.1.0";
import * as log from "phasegate:plugin/log@0.1.0";
import * as models from "phasegate:plugin/models-blocking@0.1.0";
import { run } from "./commit-message.js";
import { exportAgent } from "./phasegate-plugin/index.js";

export const agentBlocking = exportAgent(run, { models, artifacts, log });
