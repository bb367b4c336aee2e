// A headless Chromium for tests and screenshots.
import assert from "node:assert/strict";
import {chromium} from "playwright-core";
import {execFileSync} from "node:child_process";

const executable = process.env.CHROMIUM ?? execFileSync("sh", ["-c", "command -v chromium"], {encoding: "utf8"}).trim();

export const launch = () => chromium.launch({executablePath: executable, args: ["--no-sandbox"]});

export async function withBrowser(use) {
  const browser = await launch();
  try {
    return await use(browser);
  } finally {
    await browser.close();
  }
}

/** Brings every part of the page near the screen once, so that all charts draw. */
export async function scrollThrough(page) {
  const step = async () => page.evaluate(() => new Promise((resolve) => {
    const isLast = scrollY + innerHeight >= document.documentElement.scrollHeight - 1;
    scrollBy({top: innerHeight, behavior: "instant"});
    requestAnimationFrame(() => requestAnimationFrame(() => resolve(isLast)));
  }));
  while (!await step());
  await page.evaluate(() => scrollTo({top: 0, behavior: "instant"}));
  await page.waitForFunction(() => ![...document.querySelectorAll("figure.chart")].some((figure) =>
    figure.checkVisibility() && figure.querySelector(".chart-body").childElementCount === 0));
}

/** Opens a page; anything on the console, any error and any request beside the file itself fail the test. */
export async function openPage(t, browser, address, {clipboard = "works", ...options} = {}) {
  const context = await browser.newContext({viewport: {width: 1280, height: 900}, acceptDownloads: true, ...options});
  const faults = [];
  await context.route("**/*", (route) => {
    const url = route.request().url();
    if (url === address || /^(data|blob):/.test(url)) return route.continue();
    faults.push(`request of ${url}`);
    return route.abort();
  });
  const page = await context.newPage();
  page.on("console", (message) => faults.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => faults.push(error.message));
  await page.addInitScript((kind) => {
    const refuse = async () => { throw new DOMException("refused", "NotAllowedError"); };
    const keep = {
      writeText: async (text) => { window.copied = text; },
      write: async ([item]) => { window.copied = [...new Uint8Array(await (await item.getType("image/png")).arrayBuffer())]; }
    };
    Object.defineProperty(navigator, "clipboard", {value: kind === "works" ? keep : {writeText: refuse, write: refuse}});
  }, clipboard);
  await page.goto(address);
  t.after(async () => {
    await context.close();
    assert.deepEqual(faults, []);
  });
  return page;
}
