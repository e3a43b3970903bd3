// The ten steps in Restate, with a server and a service of their own. Prints one line of JSON.
//
// measure.mjs single RUNS          runs one after another
// measure.mjs load RUNS DELAY_MS   runs at once
// measure.mjs waiting RUNS         memory of runs that wait for their model

import { spawn } from "node:child_process";
import fs from "node:fs";
import http from "node:http";
import { createRequire } from "node:module";
import net from "node:net";
import os from "node:os";
import path from "node:path";

const [mode, runsText, delayText] = process.argv.slice(2);
const runs = Number(runsText);
const delayMs = mode === "waiting" ? 3_600_000 : Number(delayText ?? 0);
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "phasegate-peer-"));
const require = createRequire(path.join(process.cwd(), "package.json"));
const server = require.resolve(`@restatedev/restate-server-${os.platform()}-${os.arch()}/bin/restate-server`);

const freePort = () =>
  new Promise((resolve) => {
    const probe = net.createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
const [ingress, admin, node, service] = [await freePort(), await freePort(), await freePort(), await freePort()];

const started = [];
function start(program, args, env = {}) {
  const log = fs.openSync(path.join(folder, `${started.length}.log`), "w");
  const child = spawn(program, args, { stdio: ["ignore", log, log], env: { ...process.env, ...env } });
  started.push(child);
  return child;
}

function request(port, method, target, body) {
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port, method, path: target, agent, headers: { "content-type": "application/json" } };
    const sent = http.request(options, (answer) => {
      let text = "";
      answer.on("data", (part) => (text += part));
      answer.on("end", () => (answer.statusCode < 300 ? resolve(text) : reject(new Error(`${answer.statusCode} ${text}`))));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}
const agent = new http.Agent({ keepAlive: true, maxSockets: 20_000 });
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const now = () => Number(process.hrtime.bigint()) / 1e6;

async function ready(port, method, target, body) {
  const deadline = now() + 60_000;
  for (;;) {
    try {
      return await request(port, method, target, body);
    } catch (error) {
      if (now() > deadline) throw error;
      await pause(100);
    }
  }
}

let last = 0;
async function run() {
  last += 1;
  const { steps } = JSON.parse(await request(ingress, "POST", `/pipeline/run-${last}/run`));
  if (steps !== 10) throw new Error(`${steps} steps`);
}

const status = (child, key) =>
  Number(fs.readFileSync(`/proc/${child.pid}/status`, "utf8").match(new RegExp(`${key}:\\s+(\\d+)`))[1]) * 1024;
const sum = (numbers) => numbers.reduce((all, one) => all + one, 0);
const resident = () => sum(started.map((child) => status(child, "VmRSS")));
const peak = () => sum(started.map((child) => status(child, "VmHWM")));
const cpuSeconds = () =>
  sum(
    started.map((child) => {
      const fields = fs.readFileSync(`/proc/${child.pid}/stat`, "utf8").split(") ")[1].split(" ");
      return (Number(fields[11]) + Number(fields[12])) / 100;
    }),
  );

async function single() {
  const times = [];
  for (let done = 0; done < runs; done += 1) {
    const began = now();
    await run();
    times.push(now() - began);
  }
  times.sort((one, other) => one - other);
  return { ms: times[runs >> 1], p90_ms: times[Math.floor(runs * 0.9)] };
}

async function load() {
  const [idle, cpu, began] = [resident(), cpuSeconds(), now()];
  await Promise.all(Array.from({ length: runs }, run));
  const seconds = (now() - began) / 1e3;
  return {
    seconds,
    runs_per_second: runs / seconds,
    cpu_s: cpuSeconds() - cpu,
    idle_bytes: idle,
    peak_bytes: peak(),
  };
}

async function waiting() {
  const idle = resident();
  for (let one = 0; one < runs; one += 1) run().catch(() => {});
  // All runs wait when server and service have used next to no CPU for a second.
  for (let used = -1; cpuSeconds() - used > 0.1 || used < 0; await pause(1000)) used = cpuSeconds();
  const above = resident() - idle;
  return { idle_bytes: idle, above_idle_bytes: above, bytes_a_run: above / runs };
}

try {
  const quiet = { RESTATE_DISABLE_TELEMETRY: "true", DO_NOT_TRACK: "1" };
  const ports = {
    RESTATE_INGRESS__BIND_PORT: String(ingress),
    RESTATE_ADMIN__BIND_PORT: String(admin),
    RESTATE_BIND_PORT: String(node),
  };
  const args = ["--no-logo", "--base-dir", path.join(folder, "data"), "--node-name", "bench", "--bind-ip", "127.0.0.1"];
  start(server, [...args, "--listen-mode", "tcp", "--advertised-host", "127.0.0.1"], { ...quiet, ...ports });
  start(process.execPath, [path.resolve("service.mjs"), String(service), String(delayMs)]);
  await ready(admin, "GET", "/health");
  await ready(admin, "POST", "/deployments", JSON.stringify({ uri: `http://127.0.0.1:${service}` }));
  if (mode !== "waiting") for (let warmUp = 0; warmUp < 20; warmUp += 1) await run();
  const measured = { single, load, waiting }[mode];
  if (!measured) throw new Error("usage: measure.mjs single|load|waiting RUNS [DELAY_MS]");
  console.log(JSON.stringify(await measured()));
} finally {
  for (const child of started) child.kill("SIGKILL");
  fs.rmSync(folder, { recursive: true, force: true });
}
process.exit(0);
