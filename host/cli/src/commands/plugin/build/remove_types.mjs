// Writes every module of the current folder into another folder: TypeScript with white space in place of its types, under its own
// name, so that errors name the author's files; JavaScript as it is.
import { copyFile, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

const out = process.argv[2];
const { default: blankSpace } = await import("ts-blank-space").catch(() => {
  console.error("error: ts-blank-space was not found\nhint: npm install --save-dev ts-blank-space@0.9.0");
  process.exit(1);
});

async function* modules(folder) {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (entry.name !== "node_modules" && entry.name !== "build" && !entry.name.startsWith(".")) yield* modules(path);
    } else if (/\.(ts|js|mjs)$/.test(entry.name) && !entry.name.endsWith(".d.ts")) {
      yield path;
    }
  }
}

let failed = false;
await rm(out, { recursive: true, force: true });
for await (const path of modules(".")) {
  const target = join(out, path);
  await mkdir(dirname(target), { recursive: true });
  if (!path.endsWith(".ts")) {
    await copyFile(path, target);
    continue;
  }
  const refuse = (node) => {
    const { line } = node.getSourceFile().getLineAndCharacterOfPosition(node.getStart());
    console.error(`error: ${path}:${line + 1}: this syntax is more than a type, as an enum or a namespace`);
    failed = true;
  };
  await writeFile(target, blankSpace(await readFile(path, "utf8"), refuse));
}
if (failed) process.exit(1);
