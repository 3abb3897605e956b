// Builds the stylesheets and copies fonts and images of GOV.UK Frontend into a folder.
// node build_assets.mjs [--check] <folder>: with --check, only says whether the folder is what a build gives.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { compile } from "sass";

const here = dirname(fileURLToPath(import.meta.url));
const modules = join(here, "..", "node_modules");
const govuk = join(modules, "govuk-frontend", "dist", "govuk", "assets");
const copies = {
  "govuk/bold.woff2": "fonts/bold-b542beb274-v2.woff2",
  "govuk/light.woff2": "fonts/light-94a07e06a1-v2.woff2",
  "govuk/govuk-crest.svg": "images/govuk-crest.svg",
  "govuk/favicon.svg": "images/favicon.svg",
};
const stylesheets = ["site", "govuk"];

function build(folder) {
  mkdirSync(join(folder, "govuk"), { recursive: true });
  for (const [name, from] of Object.entries(copies)) writeFileSync(join(folder, name), readFileSync(join(govuk, from)));
  for (const name of stylesheets) {
    const { css } = compile(join(here, "styles", `${name}.scss`), {
      charset: false,
      loadPaths: [modules],
      quietDeps: true,
      style: "compressed",
    });
    writeFileSync(join(folder, `${name}.css`), `${css}\n`);
  }
  return [...Object.keys(copies), ...stylesheets.map((name) => `${name}.css`)];
}

const check = process.argv[2] === "--check";
const folder = resolve(process.argv[check ? 3 : 2]);
if (check) {
  const made = mkdtempSync(join(tmpdir(), "assets-"));
  try {
    const differing = build(made).filter((name) => !readFileSync(join(made, name)).equals(readFileSync(join(folder, name))));
    if (differing.length) {
      console.error(`not what the sources give: ${differing.join(", ")}; run npm run assets`);
      process.exitCode = 1;
    }
  } finally {
    rmSync(made, { recursive: true });
  }
} else {
  console.log(build(folder).join("\n"));
}
