// The ten steps as a workflow of Restate: `service.mjs PORT DELAY_MS`.

import * as restate from "@restatedev/restate-sdk";

// The SDK uses this function of Node 22; older versions lack it.
Promise.withResolvers ??= () => {
  const made = {};
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
  return made;
};

const [port, delayMs] = process.argv.slice(2).map(Number);
const ARTIFACT_BYTES = 2000;
const WORDS =
  "about account answer batch before between branch cache call change check client close code column commit contract copy " +
  "count create data default delete design empty error event field file first folder format given index input interface " +
  "item last length limit line list lock memory message method model module name number open option order output page path " +
  "phase plan queue read record request result retry return review row schema server state step store table task test text " +
  "time type update user value with";

// An answer of 2 KB that is different for each call, and costs next to nothing to make.
let seed = 1;
const random = () => (seed = (seed * 1103515245 + 12345) % 2147483648) / 2147483648;
const words = WORDS.split(" ");
const text = Array.from({ length: 50_000 }, () => words[Math.floor(random() * words.length)]).join(" ");
let calls = 0;
async function model() {
  calls += 1;
  if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
  const number = `${String(calls).padStart(8, "0")} `;
  const start = (calls * 7919) % (text.length - ARTIFACT_BYTES);
  return number + text.slice(start, start + ARTIFACT_BYTES - number.length);
}

async function run(context) {
  const artifacts = {};
  let steps = 0;
  const step = async (phase) => {
    steps += 1;
    artifacts[phase] = await context.run(phase, model);
  };
  await step("plan");
  for (const [work, gate] of [["design", "review"], ["code", "check"]]) {
    for (let attempt = 1; attempt <= 2; attempt += 1) {
      await step(work);
      await step(gate);
    }
  }
  await step("postmortem");
  return { steps };
}

const workflow = restate.workflow({ name: "pipeline", handlers: { run } });
restate.serve({ services: [workflow], port });
