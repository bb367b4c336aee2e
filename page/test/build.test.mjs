// The committed page is what its sources give, and takes its data as the program puts it in.
import assert from "node:assert/strict";
import {readFileSync} from "node:fs";
import test from "node:test";
import {buildPage, fillPage} from "../build.mjs";

const committed = readFileSync(new URL("../bundle/report.html", import.meta.url), "utf8");

test("the build gives the committed page byte for byte", async () => {
  const built = await buildPage();
  assert.ok(built === committed, "bundle/report.html is not what the sources give: run `node build.mjs`");
});

test("the page names no other place", () => {
  const withoutLicences = committed.replace(/<script type="text\/plain" id="licences">[^]*?<\/script>/, "");
  assert.ok(withoutLicences.length < committed.length);
  const addresses = [...withoutLicences.matchAll(/https?:\/\/[^\s"'`)]+/g)].map(([address]) => address);
  const names = /^http:\/\/www\.w3\.org\/(2000\/svg|1999\/xhtml|1999\/xlink|XML\/1998\/namespace|2000\/xmlns\/)$/;
  assert.deepEqual(addresses.filter((address) => !names.test(address)), []);
});

test("data cannot end the script it stands in", async () => {
  const page = fillPage("<script>@HEADSPEC_DATA@</script>", {text: "</script><b>$&"});
  assert.equal(page, "<script>{\"text\":\"\\u003c/script>\\u003cb>$&\"}</script>");
});
