// Screenshots of a report, to look at:
//   node tools/shots.mjs report.html OUT_FOLDER      desktop, phone and dark as PNG, paper as PDF
// Needs chromium on the PATH, or its path in CHROMIUM.
import {mkdir} from "node:fs/promises";
import {join, resolve} from "node:path";
import {pathToFileURL} from "node:url";
import {scrollThrough, withBrowser} from "../test/browser.mjs";

const views = {
  desktop: {viewport: {width: 1280, height: 900}},
  phone: {viewport: {width: 360, height: 740}, deviceScaleFactor: 1.5},
  dark: {viewport: {width: 1280, height: 900}, colorScheme: "dark"}
};

const [report, out] = process.argv.slice(2);
if (!report || !out) throw new Error("usage: node tools/shots.mjs report.html OUT_FOLDER");
await mkdir(out, {recursive: true});
await withBrowser(async (browser) => {
  for (const [name, options] of Object.entries(views)) {
    const page = await browser.newPage(options);
    await page.goto(pathToFileURL(resolve(report)).href);
    await scrollThrough(page);
    await page.screenshot({path: join(out, `${name}.png`), fullPage: true});
    if (name === "desktop") await page.pdf({path: join(out, "paper.pdf"), format: "A4", printBackground: true});
    await page.close();
  }
});
