// Builds the stylesheets and copies fonts and images of GOV.UK Frontend into a folder.
// node build_assets.mjs [--check] <folder>: with --check, only says whether the folder is what a build gives.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import postcss from "postcss";
import { compile } from "sass";
import { optimize } from "svgo";

const here = dirname(fileURLToPath(import.meta.url));
const modules = join(here, "..", "node_modules");
const govuk = join(modules, "govuk-frontend", "dist", "govuk", "assets");
const copies = {
  "govuk/bold.woff2": "fonts/bold-b542beb274-v2.woff2",
  "govuk/light.woff2": "fonts/light-94a07e06a1-v2.woff2",
};
// Drawn to a tenth of a pixel at their own size, and the icon, which is shown larger too, to a hundredth.
const drawings = [
  { name: "govuk/favicon.svg", from: "images/favicon.svg", digits: 2 },
  { name: "govuk/govuk-crest.svg", from: "images/govuk-crest.svg", digits: 1 },
];
const stylesheets = ["site", "govuk"];

// Parts of the components that no page has: they were a quarter of the stylesheet.
const unused = [
  "body-(lead|m)",
  "caption-(l|m)",
  "exit-this-page",
  "footer__(copyright-logo|heading|list|meta-custom|navigation|section)",
  "grid-column-(full|one|three)",
  "header__(container--full-width|product-name)",
  "link--(inverse|muted|no-visited-state|text-colour)",
  "link-image",
  "main-wrapper--",
  "service-navigation(--inverse|__toggle)",
  "skip-link-focused-element",
  "table(--small-text-until-tablet|__caption--(l|m|xl))",
  "tag--(magenta|pink|purple|red|teal|turquoise|yellow)",
  "visually-hidden-focusable",
].map((name) => new RegExp(`\\.govuk-${name}`));

function lighter(css) {
  const root = postcss.parse(css);
  root.walkRules((rule) => {
    const kept = rule.selectors.filter((selector) => !unused.some((part) => part.test(selector)));
    if (!kept.length) rule.remove();
    else if (kept.length < rule.selectors.length) rule.selectors = kept;
  });
  root.walkAtRules((rule) => {
    if (rule.nodes && !rule.nodes.length) rule.remove();
  });
  return root.toString();
}

function build(folder) {
  mkdirSync(join(folder, "govuk"), { recursive: true });
  for (const [name, from] of Object.entries(copies)) writeFileSync(join(folder, name), readFileSync(join(govuk, from)));
  for (const { name, from, digits } of drawings) {
    const drawn = optimize(readFileSync(join(govuk, from), "utf8"), { floatPrecision: digits, multipass: true });
    writeFileSync(join(folder, name), drawn.data);
  }
  for (const name of stylesheets) {
    const { css } = compile(join(here, "styles", `${name}.scss`), {
      charset: false,
      loadPaths: [modules],
      quietDeps: true,
      style: "compressed",
    });
    writeFileSync(join(folder, `${name}.css`), `${lighter(css)}\n`);
  }
  return [...Object.keys(copies), ...drawings.map((one) => one.name), ...stylesheets.map((name) => `${name}.css`)];
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
