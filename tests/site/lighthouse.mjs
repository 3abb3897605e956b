// Lighthouse over the site as it is served here: mobile preset.
// node tests/site/lighthouse.mjs <bytes> <bytes with fonts> <address> <page>...   Fails below 100 in any category, where
// the layout shifts, or where a first view has more bytes, compressed, than those given.
import { execFileSync } from "node:child_process";
import { gzipSync } from "node:zlib";
import { launch } from "chrome-launcher";
import lighthouse from "lighthouse";

const CATEGORIES = ["performance", "accessibility", "best-practices", "seo"];
const MOST_SHIFT = 0.01;
const SWITCHES = [
  "--headless=new",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const [bytesGiven, withFontsGiven, address, ...pages] = process.argv.slice(2);
const chromePath = process.env.CHROME_PATH || execFileSync("which", ["chromium"], { encoding: "utf8" }).trim();
const chrome = await launch({ chromePath, chromeFlags: SWITCHES });
let failed = false;
try {
  for (const page of pages) {
    const url = `${address}/${page}`;
    const { lhr } = await lighthouse(url, { port: chrome.port, onlyCategories: CATEGORIES, logLevel: "error" });
    const scores = CATEGORIES.map((name) => Math.round(100 * lhr.categories[name].score));
    const shift = lhr.audits["cumulative-layout-shift"].numericValue;
    const sent = lhr.audits["network-requests"].details.items.map((one) => one.url);
    let bytes = 0;
    let fonts = 0;
    for (const one of sent) {
      const body = Buffer.from(await (await fetch(one)).arrayBuffer());
      if (one.endsWith(".woff2")) fonts += body.length; // compressed in itself
      else bytes += gzipSync(body, { level: 6 }).length;
    }
    console.log(`${page}: ${CATEGORIES.map((name, n) => `${name} ${scores[n]}`).join(", ")}, shift ${shift.toFixed(3)}, ${sent.length} requests, ${bytes} bytes compressed, ${bytes + fonts} with fonts`);
    const wrong = Object.values(lhr.audits).filter((one) => one.score !== null && one.score < 1 && one.scoreDisplayMode === "binary");
    for (const one of wrong) console.log(`  ${one.id}: ${one.title}`);
    failed ||= scores.some((score) => score < 100) || shift >= MOST_SHIFT;
    failed ||= bytes > Number(bytesGiven) || bytes + fonts > Number(withFontsGiven);
  }
} finally {
  chrome.kill();
}
process.exitCode = failed ? 1 : 0;
