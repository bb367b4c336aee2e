// A headless Chromium for tests and screenshots.
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
