#!/usr/bin/env python3
"""report.html, and figure and page again from stored results. Usage: report_test.py PROGRAM SOURCE_DIR"""
import base64
import hashlib
import json
import math
import os
import shutil
import struct
import subprocess
import sys
import zipfile
import zlib

from hostile import GOLDEN, SOURCE, HostileTest, main

FIGURE = {f"figure.{kind}" for kind in ("png", "svg", "pdf", "gp", "dat")}
SENSITIVITY = {f"sensitivity.{kind}" for kind in ("png", "svg", "pdf", "gp", "dat")}
LLAMA = SOURCE / "tests/data/published/E11T_gqa_comparison_20260113_181926.json"
NEXT = "; the file was changed or damaged: take the one that headspec wrote"
BEFORE, AFTER = (SOURCE / "page/bundle/report.html").read_text().split("@HEADSPEC_DATA@")


def content(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir()}


class ReportTest(HostileTest):
    def done(self, *arguments):
        done = self.start(*arguments)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        self.assertEqual(done.stderr, b"")
        return done.stdout.decode()

    def data(self, page):
        """The object in the page, whose text has nothing that a browser would take for the element's end."""
        text = page.read_text()
        self.assertTrue(text.startswith(BEFORE) and text.endswith(AFTER))
        text = text[len(BEFORE):len(text) - len(AFTER)]
        self.assertNotIn("<", text)
        return json.loads(text)

    def assert_same_numbers(self, packed, plain):
        """Packed as float32 or plain, the same values."""
        if isinstance(packed, dict) and set(packed) == {"f32", "shape"}:
            data = base64.b64decode(packed["f32"])
            flat, expected = struct.unpack(f"<{len(data) // 4}f", data), plain
            shape = []
            while isinstance(expected[0], list):
                shape.append(len(expected) // math.prod(shape))
                expected = [value for row in expected for value in row]
            self.assertEqual([*shape, len(expected) // math.prod(shape)], packed["shape"])
            self.assertEqual(len(flat), len(expected))
            for found, value in zip(flat, expected):
                if value is None:
                    self.assertTrue(math.isnan(found))
                else:
                    self.assertEqual(found, struct.unpack("<f", struct.pack("<f", value))[0])
        elif isinstance(packed, dict):
            self.assertEqual(list(packed), list(plain))
            for key in packed:
                self.assert_same_numbers(packed[key], plain[key])
        elif isinstance(packed, list):
            self.assertEqual(len(packed), len(plain))
            for one, other in zip(packed, plain):
                self.assert_same_numbers(one, other)
        else:
            self.assertEqual(packed, plain)

    def measured(self, *arguments, name="phi-mha"):
        self.done("measure", self.model(name, name), "--dtype", "float32", "-q", "--out", self.out, *arguments)

    def again_from(self, results, out):
        text = self.done("report", results, "--out", out)
        self.assert_written(text, out)
        return content(out)

    def assert_written(self, text, out, *others):
        """The summary at the end names every file of the folder."""
        lines = text[text.index("written to "):].splitlines()
        self.assertTrue(str(out).endswith(lines[0].removeprefix("written to ")), lines[0])
        self.assertEqual(lines[1].split()[0], "report.html")
        named = {name.strip(",") for line in lines[1:] for name in line.split() if "." in name.strip(",.")}
        pictures = {line.split()[0] for line in lines[1:] if "also .svg and .pdf" in line}
        named |= {name.replace(".png", kind) for name in pictures for kind in (".svg", ".pdf")}
        self.assertEqual({file.name for file in out.iterdir()} - set(others), named - {".svg", ".pdf"})

    def assert_same_again(self, before, again, pictures):
        self.assertEqual(set(again), pictures | {"report.html"})
        for name in again:
            if not name.endswith(".pdf"):  # it holds the time
                self.assertEqual(again[name], before[name], name)


class FromEachCommand(ReportTest):
    def test_run(self):
        text = self.done("run", "--out", self.out)
        self.assert_written(text, self.out)
        before = content(self.out)
        results = json.loads(before["results.json"])
        data = self.data(self.out / "report.html")
        self.assertEqual((data["format"], data["kind"], data["comparison"]), (1, "experiment", None))
        self.assertTrue(data["summary"][0].startswith(f"Verdict: {results['verdict']['conclusion']}. "), data["summary"])
        self.assertEqual(data["sizes"], [0.0005, 0.0015, 0.004])
        self.assertEqual(data["attention"], [None] * 3)
        self.assert_same_numbers(data["results"], results)
        self.assertIn("f32", data["results"]["results"][0]["head_entropies_per_prompt"])
        self.assert_same_again(before, self.again_from(self.out / "results.json", self.dir / "again"), FIGURE)
        with zipfile.ZipFile(next(self.out.glob("*.zip"))) as bundle:
            self.assertEqual(bundle.read("report.html"), before["report.html"])

    def test_measure(self):
        self.measured("--sensitivity")
        before = content(self.out)
        data = self.data(self.out / "report.html")
        self.assertEqual((data["kind"], data["comparison"]), ("measurement", None))
        self.assert_same_numbers(data["results"], json.loads(before["results.json"]))
        self.assertEqual(data["results"]["results"][0]["size"], "200K")
        self.assertAlmostEqual(data["sizes"][0], 2e-4)
        self.assert_same_again(before, self.again_from(self.out / "results.json", self.dir / "again"), SENSITIVITY)

    def test_measure_without_a_picture(self):
        self.measured()
        before = content(self.out)
        self.assertEqual({name for name in before if name.startswith(("figure", "sensitivity"))}, set())
        self.assert_same_again(before, self.again_from(self.out / "results.json", self.dir / "again"), set())

    def test_compare(self):
        self.done("compare", self.model("phi-mha", "a"), self.model("phi-rope-linear", "b"), "--dtype", "float32", "--out", self.out)
        before = content(self.out)
        data = self.data(self.out / "report.html")
        self.assertEqual(data["kind"], "comparison")
        self.assert_same_numbers(data["comparison"], json.loads(before["results.json"]))
        self.assert_same_numbers(data["results"], json.loads(before["measured.json"]))
        self.assertEqual(len(data["sizes"]), 2)
        code = data["comparison"]["results"]["verdict"]["code"]
        self.assertTrue(data["summary"][0].startswith(f"Verdict: {code}, "), data["summary"])
        self.assert_same_again(before, self.again_from(self.out / "results.json", self.dir / "again"), FIGURE)

    def test_compare_of_published_files(self):
        self.done("compare", LLAMA, "--out", self.out)
        before = content(self.out)
        data = self.data(self.out / "report.html")
        self.assertEqual((data["results"], data["sizes"], data["attention"]), (None, [], []))
        self.assertIn("f32", data["comparison"]["results"]["base"]["specialization"]["head_correlation_matrix"])
        self.assert_same_again(before, self.again_from(self.out / "results.json", self.dir / "again"), FIGURE)

    def test_comparisons_follow_their_schema(self):
        self.done("compare", LLAMA, "--out", self.out)
        pair = [self.model("phi-mha", "a"), self.model("phi-rope-linear", "b")]
        self.done("compare", *pair, "--dtype", "float32", "-q", "--max-length", "48", "--padding", "max-length", "--padding-side", "left", "--out", self.dir / "b-out")
        self.done("compare", *pair, "--dtype", "float32", "-q", "--out", self.dir / "c-out")
        files = [folder / "results.json" for folder in (self.out, self.dir / "b-out", self.dir / "c-out")]
        check = subprocess.run([sys.executable, SOURCE / "tests/schema_check.py", SOURCE / "docs/comparison.schema.json", *files],
                               capture_output=True, text=True)
        self.assertEqual(check.stdout, "3 file(s) fit the schema\n")


    def assert_holds_attention(self, page, npz):
        data = self.data(page)
        with zipfile.ZipFile(npz) as archive:
            for i, (kept, model) in enumerate(zip(data["attention"], data["results"]["results"])):
                self.assertEqual(kept["bits"], 8)
                self.assertEqual(len(kept["prompts"]), len(model["tokens"]))
                for p, prompt in enumerate(kept["prompts"]):
                    weights = zlib.decompress(base64.b64decode(prompt), wbits=-15)
                    self.assertEqual(len(weights), model["num_layers"] * model["num_heads"] * model["valid_lengths"][p] ** 2)
                    self.assertTrue(archive.read(f"{i}/prompt_{p}.npy").endswith(weights))

    def test_kept_attention(self):
        pair = [self.model("phi-mha", "a"), self.model("phi-rope-linear", "b")]
        for command in ("measure", "compare"):
            out = self.dir / command
            self.done(command, *pair, "--dtype", "float32", "-q", "--keep-attention", "--out", out)
            self.assert_holds_attention(out / "report.html", out / "attention.npz")
            again = self.again_from(out / "results.json", self.dir / f"{command}-again")
            self.assertEqual(again["report.html"], (out / "report.html").read_bytes())
            (out / "attention.npz").unlink()
            self.done("report", out / "results.json", "-q")
            self.assertEqual(self.data(out / "report.html")["attention"], [None, None])


class IntoItsOwnFolder(ReportTest):
    def verify(self):
        done = self.start("verify", self.out, "-q")
        self.assertEqual(done.returncode, 0, done.stdout.decode() + done.stderr.decode())

    def test_replaces_figure_and_page_and_verifies(self):
        self.done("run", "-q", "--out", self.out)
        before = content(self.out)
        (self.out / "report.html").write_text("older")
        (self.out / "figure.png").unlink()
        text = self.done("report", self.out / "results.json")
        self.assert_written(text, self.out, "results.json", "heads.npz", "heads.csv", "manifest.toml", next(self.out.glob("*.zip")).name)
        after = content(self.out)
        self.assertEqual(set(after), set(before))
        for name in set(before) - {"figure.pdf", "provenance.json"}:
            self.assertEqual(after[name], before[name], name)
        self.verify()

    def test_changes_nothing_of_provenance_but_the_hashes(self):
        self.measured()
        before = json.loads((self.out / "provenance.json").read_text())
        text = (self.out / "provenance.json").read_text()
        self.done("report", self.out / "results.json", "-q")
        self.assertEqual((self.out / "provenance.json").read_text(), text)  # the same page
        before["outputs"] = [o for o in before["outputs"] if o["name"] != "report.html"]  # as an older headspec
        (self.out / "provenance.json").write_text(json.dumps(before))
        (self.out / "report.html").unlink()
        self.verify()
        self.done("report", self.out / "results.json", "-q")
        after = json.loads((self.out / "provenance.json").read_text())
        record = after["outputs"].pop()
        self.assertEqual(record["name"], "report.html")
        self.assertEqual(record["sha256"], hashlib.sha256((self.out / "report.html").read_bytes()).hexdigest())
        self.assertEqual(after, before)
        self.verify()

    def test_does_not_bless_results_that_were_changed(self):
        self.measured()
        file = self.out / "results.json"
        file.write_text(file.read_text().replace('"display": "phi-mha"', '"display": "phi-xyz"'))
        self.done("report", file, "-q")
        self.assertIn("phi-xyz", (self.out / "report.html").read_text())
        done = self.start("verify", self.out, "--no-recompute")
        self.assertEqual(done.returncode, 1)
        self.assertIn("results.json: expected sha256:", done.stdout.decode())

    def test_without_provenance_and_by_a_relative_name(self):
        self.measured()
        shutil.copy(self.out / "results.json", self.dir / "kept.json")
        self.done("report", "kept.json", "-q")
        self.assertEqual((self.dir / "report.html").read_bytes(), (self.out / "report.html").read_bytes())
        self.assertFalse((self.dir / "provenance.json").exists())
        self.done("report", "kept.json", "-q", "--out", ".")
        self.assertEqual([file.name for file in self.dir.iterdir() if file.name.startswith(".")], [])

    def test_a_page_without_its_figure_is_written_and_the_failure_told(self):
        self.done("run", "-q", "--out", self.out)
        before = content(self.out)
        (self.out / "report.html").unlink()
        self.env["PATH"] = "/nowhere"
        done = self.start("report", self.out / "results.json", "-q")
        self.assertEqual(done.returncode, 3)
        self.assertEqual(done.stderr.decode(), "headspec: cannot draw the figure: gnuplot is not on PATH; install the package gnuplot-nox\n")
        self.assertEqual(content(self.out), before)


class Refusals(ReportTest):
    def refused(self, code, error, file, *arguments):
        before = {file: file.read_bytes() for file in self.dir.rglob("*") if file.is_file()}
        self.assert_fails(code, error, "report", file, *arguments)
        self.assertEqual({file: file.read_bytes() for file in self.dir.rglob("*") if file.is_file()}, before)

    def test_what_is_no_result(self):
        self.refused(3, f"results: cannot read {self.dir}/none.json (No such file or directory); check the path and its permissions", self.dir / "none.json")
        self.refused(3, f"results: a folder, not a file: {self.dir}; give a file", self.dir)
        file = self.write("r.json", "{")
        self.refused(2, f"{file}: not JSON (parse error at line 1, column 2: syntax error while parsing object key - unexpected end of input; "
                        f"expected string literal){NEXT}", file)
        file = self.write("r.json", "[]")
        self.refused(2, f"{file}: $: expected an object, found a list of 0{NEXT}", file)
        self.refused(2, f'{LLAMA}: $: expected a key "schema_version", found none{NEXT}', LLAMA, "--out", self.out)
        golden = GOLDEN / "phi-mha/expected.json"
        self.refused(2, f'{golden}: $: expected a key "schema_version", found none{NEXT}', golden, "--out", self.out)
        self.refused(2, f"{self.write('c.json', 'x' * 9)}: not JSON (parse error at line 1, column 1: syntax error while parsing value - invalid "
                        f"literal; last read: 'x'){NEXT}", self.dir / "c.json")

    def test_damaged_and_newer_files(self):
        self.measured()
        good = json.loads((self.out / "results.json").read_text())

        def broken(change):
            changed = json.loads(json.dumps(good))
            change(changed)
            return self.write("r.json", json.dumps(changed))
        file = broken(lambda r: r.update(schema_version=2))
        self.refused(2, f"{file}: $.schema_version: expected 1, found 2; a newer headspec wrote the file: read it with that one", file)
        file = broken(lambda r: r["results"][0]["head_entropies"].pop())
        self.refused(2, f"{file}: $.results[0].head_entropies: expected 4 rows of 4, found 3 rows of 4{NEXT}", file)
        file = broken(lambda r: r.update(more=1))
        self.refused(2, f'{file}: $: expected known keys only, found "more"{NEXT}', file)
        whole = (self.out / "results.json").read_bytes()
        for size in (0, 1, len(whole) // 2, len(whole) - 3):
            done = self.run_program("report", self.write("r.json", whole[:size]))
            self.assertEqual((done.returncode, done.stdout, self.left), (2, b"", []))
            self.assertEqual(done.stderr.count(b"\n"), 1)

    def test_damaged_provenance(self):
        self.measured()
        file = self.out / "provenance.json"
        file.write_text("{}")
        self.refused(2, f'{file}: $: expected a key "schema_version", found none{NEXT}', self.out / "results.json")

    def test_another_results_folder(self):
        self.done("compare", self.model("phi-mha", "a"), self.model("phi-rope-linear", "b"), "--dtype", "float32", "-q", "--out", self.out)
        file = self.out / "measured.json"
        self.refused(2, f"{file}: its folder holds another result, {self.out}/results.json; choose a folder with --out", file)
        self.refused(3, f"output folder {self.out} is not empty; nothing is overwritten: remove it or choose another one",
                     self.write("x.json", file.read_text()), "--out", self.out)
        measured = json.loads(file.read_text())
        stamp = measured["timestamp"]
        measured["timestamp"] = "20200101_000000"
        file.write_text(json.dumps(measured))
        self.refused(2, f"{file}: $.timestamp: expected {stamp} as in results.json, found 20200101_000000; it is of another comparison: "
                        "move it away", self.out / "results.json")

    def test_attention_of_another_run(self):
        self.measured("--keep-attention")
        file = self.write("out/attention.npz", "no archive")
        self.refused(2, f"{file}: not an .npz archive; take the attention.npz that was written beside results.json", self.out / "results.json")

    def test_folders_in_the_way(self):
        self.measured()
        (self.out / "report.html").unlink()
        (self.out / "report.html").mkdir()
        self.refused(3, f"{self.out}/report.html is a folder, not a file to replace; move it away or choose another output folder",
                     self.out / "results.json")

    def test_hostile_prompts_and_names(self):
        hostile = "</script><script>alert(1)</script><!-- \u2028\u2029"
        prompts = self.write("p.json", json.dumps([hostile, "b c d e f g h"]))
        folder = self.dir / os.fsdecode(b"</script> \xff")
        shutil.copytree(self.model(), folder)
        self.done("measure", folder, "--dtype", "float32", "-q", "--prompts", prompts, "--out", self.out)
        page = (self.out / "report.html").read_bytes()
        data = self.data(self.out / "report.html")
        self.assertEqual(data["results"]["prompts_text"][0], hostile)
        self.assertEqual(page.count(b"</script"), (BEFORE + AFTER).count("</script"))
        again = self.again_from(self.out / "results.json", self.dir / "again")
        self.assertEqual(again["report.html"], page)


if __name__ == "__main__":
    main()
