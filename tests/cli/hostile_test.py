#!/usr/bin/env python3
"""Everything else that can be wrong around a measurement: the one line, the exit code, nothing left behind.

Usage: hostile_test.py PROGRAM SOURCE_DIR [unittest arguments]
"""
import fcntl
import json
import os
import pty
import re
import resource
import shutil
import signal
import struct
import subprocess
import termios
import time
import zipfile
from pathlib import Path

from hostile import GOLDEN, POINTER, PROGRAM, SOURCE, HostileTest, main

LIST_OR_TEXT = "; give a JSON list of strings, or a text file with one prompt a line"
ENTROPIES = '; give JSON with an "entropies" matrix (layers by heads), .npy or .npz'
NUMPY = "; write it with numpy.save as float32 or float64, layers by heads"
NOBODY = 65534


class Prompts(HostileTest):
    def setUp(self):
        super().setUp()
        self.folder = self.model()

    def assert_refused(self, code, error, name, content=None):
        if content is not None:
            self.write(name, content)
        self.assert_measure_fails(code, f"prompts{error}", self.folder, "--prompts", f"./{name}")

    def test_file(self):
        self.assert_refused(3, ": cannot read ./none.json (No such file or directory); check the path and its permissions", "none.json")
        self.assert_refused(3, ": a folder, not a file: ./m; give a file", "m")

    def test_content(self):
        self.assert_refused(2, ": not JSON in ./p.json (parse error at line 1, column 1: syntax error while parsing value - invalid literal; last "
                               "read: 'o')" + LIST_OR_TEXT, "p.json", "one prompt")
        self.assert_refused(2, "[1]: expected a string, found number in ./p.json" + LIST_OR_TEXT, "p.json", '["a", 7]')
        for key in ("md5", "version"):
            self.assert_refused(2, f': "{key}": expected a string, found number in ./p.json; put it in quotes', "p.json",
                                f'{{"prompts": ["a"], "{key}": 7}}')
        self.assert_refused(2, ": expected at least one, found none in ./p.json" + LIST_OR_TEXT, "p.json", "[]")
        self.assert_refused(2, ": expected at least one, found none in ./p.txt" + LIST_OR_TEXT, "p.txt", "\n\n")
        self.assert_refused(2, "[1]: empty in ./p.json; remove it or write a prompt", "p.json", '["a", ""]')
        self.assert_refused(2, "[0]: not UTF-8 in ./p.txt; save the file as UTF-8", "p.txt", b"caf\xe9\n")

    def test_name(self):
        self.assert_measure_fails(2, f'prompts: no built-in set "standard-9" in {SOURCE}/data/prompts; use standard-10-v3, or a path with an '
                                     "extension or a slash", self.folder, "--prompts", "standard-9")

    def test_one_token_measures_nothing_and_says_so(self):
        done = self.run_program("measure", self.folder, "--dtype", "float32", "--json", "--out", self.out, "--prompts", self.write("p.json", '["a"]'))
        self.assertEqual(done.returncode, 0, done.stderr)
        result = json.loads(done.stdout)["results"][0]
        self.assertEqual(result["valid_lengths"], [1])
        self.assertEqual(result["head_entropies"], [[0.0] * 4] * 4)
        self.assertIsNone(result["si_mean"])
        self.assertEqual(result["si_values"], [None] * 3)
        self.assertEqual(result["warnings"], ["4 of 4 heads have a constant depth profile and are left out of the mean correlation",
                                              "the index is undefined: fewer than two heads vary over the layers"])

    def test_one_token_passes_no_sanity_check(self):
        prompts = self.write("p.json", '["a"]')
        self.assert_fails(1, f"{self.folder}: no sanity variant passed, the last one, raw+fp32, stopped with valid_len_too_small; name one dtype to "
                             "measure unchecked", "measure", self.folder, "-q", "--out", self.out, "--prompts", prompts)

    def test_two_thousand(self):
        prompts = self.write("p.txt", "".join(f"prompt {i}\n" for i in range(2000)))
        done = self.run_program("measure", self.folder, "--dtype", "float32", "--json", "--out", self.out, "--prompts", prompts)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(json.loads(done.stdout)["results"][0]["valid_lengths"]), 2000)

    def test_very_long(self):
        prompts = self.write("p.txt", "word " * 200000)
        done = self.run_program("measure", self.folder, "--dtype", "float32", "--json", "--out", self.out, "--prompts", prompts)
        self.assertEqual(done.returncode, 0, done.stderr)
        result = json.loads(done.stdout)["results"][0]
        self.assertEqual((result["valid_lengths"], result["warnings"]), ([128], ["prompt 1 was cut to max_length 128"]))


class CommandLine(HostileTest):
    def test_commands(self):
        self.assert_fails(2, "a command is missing; see headspec --help")
        self.assert_fails(2, 'unknown command "mesure"; did you mean measure?', "mesure", "x")
        self.assert_fails(2, 'unknown command "zzzzzzzz"; commands: run, plan, merge, submit, measure, compare, sanity, inspect, si, report, verify, fetch, models, completion, man, help', "zzzzzzzz")
        self.assert_fails(2, "--bogus: expected a command first; see headspec --help", "--bogus")
        for command, argument, example in (("measure", "MODEL", "measure ~/models/phi-2 --dtype bfloat16 --out phi-2"), ("sanity", "MODEL", "sanity ~/models/phi-2"),
                                           ("inspect", "MODEL", "inspect ~/models/phi-2 --json"), ("completion", "SHELL", "completion bash > "
                                            "~/.local/share/bash-completion/completions/headspec")):
            self.assert_fails(2, f"headspec {command}: {argument} is missing; for example: headspec {example}", command)
        self.assert_fails(2, 'COMMAND: expected one of run, plan, merge, submit, measure, compare, sanity, inspect, si, report, verify, fetch, models, completion, man, help, found "mesure"; '
                          "did you mean measure?", "help", "mesure")

    def test_options(self):
        self.assert_fails(2, "--bogus: unknown option of headspec measure; see headspec help measure", "measure", "x", "--bogus")
        self.assert_fails(2, "--bogus: unknown option of headspec run; see headspec help run", "run", "--bogus")
        self.assert_fails(2, '--dtype: expected one of auto, bfloat16, float16, float32, found "int8"; see headspec help measure', "measure", "x", "--dtype", "int8")
        self.assert_fails(2, '--dtype: expected one of auto, bfloat16, float16, float32, found "float3"; did you mean float32?', "measure", "x", "--dtype", "float3")
        for words in (["--dtpye", "float32", "x"], ["x", "--dtpye=float32"]):
            self.assert_fails(2, "--dtpye: unknown option of headspec measure; did you mean --dtype?", "measure", *words)
        self.assert_fails(2, "--dtype: a value is missing, expected auto|bfloat16|float16|float32", "measure", "x", "--dtype")
        self.assert_fails(2, '"b": one argument too many; expected headspec si FILE [OPTIONS]', "si", "a", "b")
        self.assert_fails(2, '--max-length: expected an integer from 1 to 1048576, found "0"; see headspec help measure', "measure", "x", "--max-length", "0")
        self.assert_fails(2, '--threads: expected an integer from 0 to 1024, found "-1"; see headspec help measure', "measure", "x", "--threads", "-1")

        for seed in ("9223372036854775808", "1.5", "one", ""):
            self.assert_fails(2, f'--seed: expected an integer of 64 bits, found "{seed}"; see headspec help measure', "measure", "x", "--seed", seed)

    # An option that would do nothing is no option of the command.
    def test_every_command_has_only_what_works(self):
        for command, options in (("inspect", ("--dtype", "--numerics", "--seed", "--rerun-seeds", "--low-memory", "-v")),
                                 ("sanity", ("--seed", "--rerun-seeds", "-v")),
                                 ("si", ("--threads", "--no-progress", "-v", "--activation-memory", "--low-memory"))):
            for option in options:
                with self.subTest(f"{command} {option}"):
                    done = self.run_program(command, "x", option)
                    self.assertEqual((done.returncode, done.stdout), (2, b""))
                    self.assertRegex(done.stderr.decode(), rf"\Aheadspec: {option}: unknown option of headspec {command}; [a-z, ]+ (has|have) it\n\Z")

    def test_seed_takes_one_value(self):
        folder = self.model()
        done = self.start("measure", "--seed", "42", "--seed", "7", folder, "--dtype", "float32", "--json", "--out", self.out)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)["methodology"]["seeds"], [42, 7])

    def test_model_here_has_the_name_of_its_folder(self):
        (self.model(name="named") / "below").mkdir()
        for model, folder in ((".", "named"), ("./", "named"), ("..", "named/below")):
            out = self.dir / f"out{len(os.listdir(self.dir))}"
            done = self.start("measure", model, "--dtype", "float32", "--json", "--out", out, cwd=self.dir / folder)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(json.loads(done.stdout)["results"][0]["display"], "named")

    def test_help_is_no_failure(self):
        for arguments in (["--help"], ["--version"], ["measure", "--help"], ["run", "--help"]):
            done = self.start(*arguments)
            self.assertEqual((done.returncode, done.stderr), (0, b""))
            self.assertTrue(done.stdout)


class Output(HostileTest):
    def setUp(self):
        super().setUp()
        self.folder = self.model()

    def test_folder_that_is_not_empty(self):
        self.out.mkdir()
        (self.out / "kept").write_text("kept")
        error = f"output folder {self.out} is not empty; nothing is overwritten: remove it or choose another one"
        self.assert_measure_fails(3, error, self.folder)
        self.assert_fails(3, error, "run", "--out", self.out)
        self.assertEqual((self.out / "kept").read_text(), "kept")

    # An hour of work must not end with this.
    def test_is_checked_before_the_work(self):
        self.out.mkdir()
        (self.out / "kept").write_text("kept")
        started = time.monotonic()
        self.assert_fails(3, f"output folder {self.out} is not empty; nothing is overwritten: remove it or choose another one",
                          "measure", self.dir / "none", "--out", self.out)
        self.assertLess(time.monotonic() - started, 30)

    def test_folder_that_is_empty_is_used(self):
        self.out.mkdir()
        self.assertEqual(self.run_program("measure", self.folder, "--dtype", "float32", "--out", self.out).returncode, 0)
        self.assertEqual(sorted(os.listdir(self.out)), ["heads.csv", "heads.npz", "provenance.json", "report.html", "results.json"])

    def test_under_a_file(self):
        file = self.write("file", "")
        self.out = file / "out"
        self.assert_measure_fails(3, f"cannot create a folder in {file}: Not a directory; choose an output folder that can be written", self.folder)

    def test_file(self):
        self.out.write_text("kept")
        self.assert_measure_fails(3, f"output folder {self.out} is a file; choose another one", self.folder)
        self.assertEqual(self.out.read_text(), "kept")

    def test_where_nothing_can_be_made(self):
        self.out = Path("/proc/headspec/out")
        self.assert_measure_fails(3, "cannot create a folder in /proc/headspec: No such file or directory; choose an output folder that can be "
                                     "written", self.folder)

    def test_unwritable_folder(self):
        locked = self.dir / "locked"
        locked.mkdir()
        self.out = locked / "out"
        options = {}
        locked.chmod(0o555)
        if os.geteuid() == 0:
            self.dir.chmod(0o755)
            options = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
            probe = subprocess.run(["test", "-x", PROGRAM, "-a", "-r", self.folder / "config.json"], **options)
            if probe.returncode != 0:
                self.skipTest("user nobody cannot reach the program")
        self.assert_measure_fails(3, f"cannot create a folder in {locked}: Permission denied; choose an output folder that can be written",
                                  self.folder, **options)

    def test_unreadable_model(self):
        self.folder.chmod(0)
        self.addCleanup(self.folder.chmod, 0o755)
        options = {}
        if os.geteuid() == 0:
            self.dir.chmod(0o777)
            options = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
            if subprocess.run(["test", "-x", PROGRAM], **options).returncode != 0:
                self.skipTest("user nobody cannot reach the program")
        end = "; check that it is a file and its permissions"
        error = f"{self.folder}: config.json: cannot be read (Permission denied) in {self.folder}/config.json{end}"
        self.assert_measure_fails(3, error, self.folder, **options)
        self.folder.chmod(0o755)
        (self.folder / "config.json").chmod(0)
        self.assert_measure_fails(3, error, self.folder, **options)

    # The disk is full as far as one file of this process goes.
    def test_file_that_cannot_grow(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        done = self.run_program("measure", self.folder, "--dtype", "float32", "-q", "--out", self.out, preexec_fn=limit, restore_signals=False)
        self.assertRegex(done.stderr.decode(), rf"\Aheadspec: cannot write {re.escape(str(self.dir))}/\.out\.partial-\d+/results\.json "
                                               r"\(\d+ bytes\): File too large; choose an output folder that can be written\n\Z")
        self.assertEqual((done.returncode, done.stdout, self.left), (3, b"", []))

    def test_full_disk(self):
        disk = self.dir / "disk"
        disk.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k", "headspec-test", disk], capture_output=True) if os.geteuid() == 0 else None
        if mounted is None or mounted.returncode != 0:
            self.skipTest("mounting a small tmpfs needs root and the right to mount")
        self.addCleanup(subprocess.run, ["umount", disk], check=True)
        done = self.run_program("measure", self.folder, "--dtype", "float32", "-q", "--out", disk / "out")
        self.assertRegex(done.stderr.decode(), rf"\Aheadspec: cannot write {re.escape(str(disk))}/\.out\.partial-\d+/results\.json "
                                               r"\(\d+ bytes\): No space left on device; free some space or choose another output folder\n\Z")
        self.assertEqual((done.returncode, done.stdout, self.left), (3, b"", []))

    def test_default_folder_is_checked_before_the_work(self):
        self.write("results", "a file")
        for command in (["measure", self.dir / "none"], ["run"]):
            self.assert_fails(3, f"cannot create a folder in {self.dir}/results: Not a directory; choose an output folder that can be written",
                              *command)

    def test_working_folder_that_is_gone(self):
        gone = self.dir / "gone"
        gone.mkdir()
        done = subprocess.run(["sh", "-c", 'rmdir "$PWD"; exec "$0" "$@"', PROGRAM, "measure", self.folder, "-q"], cwd=gone, capture_output=True)
        self.assertEqual((done.returncode, done.stdout, done.stderr.count(b"\n")), (3, b"", 1))

    # A missing gnuplot must not cost the measurement.
    def test_figure_that_cannot_be_drawn(self):
        self.env["PATH"] = "/nonexistent"
        done = self.start("run", "-q", "--out", self.out)
        self.assertEqual(done.stderr.decode(), "headspec: cannot draw the figure: gnuplot is not on PATH; install the package gnuplot-nox\n")
        self.assertEqual(done.returncode, 3)
        self.assertTrue(done.stdout.decode().startswith("FINAL VERDICT: "))
        files = sorted(os.listdir(self.out))
        self.assertEqual(files[:2], ["heads.csv", "heads.npz"])
        self.assertEqual(files[2:4], ["manifest.toml", "nano_phi_size_ladder_" + json.loads((self.out / "results.json").read_text())["timestamp"] + ".zip"])
        self.assertEqual(files[4:], ["provenance.json", "report.html", "results.json"])

    def test_second_run_in_one_second(self):
        for _ in range(3):
            self.assertEqual(self.start("measure", self.folder, "--dtype", "float32").returncode, 0)
        self.assertEqual(len(os.listdir(self.dir / "results")), 3)

    # Both measure; one of them has the folder, whole.
    def test_two_at_once_into_one_folder(self):
        command = [PROGRAM, "measure", self.folder, "--dtype", "float32", "-q", "--out", self.out]
        runs = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(4)]
        ends = [(run.communicate(timeout=120), run.returncode) for run in runs]
        self.assertEqual(sorted(code for _, code in ends), [0, 3, 3, 3])
        for (_, error), code in ends:
            taken = f"headspec: output folder {self.out} is not empty; nothing is overwritten: remove it or choose another one\n"
            self.assertEqual(error.decode(), "" if code == 0 else taken)
        self.assertEqual(sorted(os.listdir(self.dir)), ["m", "out"])
        json.loads((self.out / "results.json").read_text())


class StandardStreams(HostileTest):
    def setUp(self):
        super().setUp()
        self.folder = self.model()

    def measure(self, *arguments, **options):
        return self.start("measure", self.folder, "--dtype", "float32", "--out", self.out, *arguments, **options)

    def test_json_alone_on_stdout(self):
        for arguments in (["measure", self.folder, "--out", self.out], ["inspect", self.folder], ["sanity", self.folder],
                          ["si", GOLDEN.parent.parent / "data/arrays/two.npz"]):
            done = self.start(*arguments, "--json")
            self.assertEqual(done.returncode, 0, done.stderr)
            json.loads(done.stdout)

    def test_quiet(self):
        done = self.start("sanity", self.folder, "-q")
        self.assertEqual((done.stdout, done.stderr), (b"SANITY PASS: raw+bf16\n", b""))

    def test_full_stdout(self):
        with open("/dev/full", "wb") as full:
            done = self.measure(stdout=full, stderr=subprocess.PIPE, capture_output=False)
        self.assertEqual(done.stderr, b"headspec: standard output: cannot be written (No space left on device); send it somewhere else\n")
        self.assertEqual(done.returncode, 3)
        json.loads((self.out / "results.json").read_text())  # what was measured is kept

    def test_reader_gone_away(self):
        read, write = os.pipe()
        os.close(read)
        done = self.measure(stdout=write, stderr=subprocess.PIPE, capture_output=False)
        os.close(write)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        json.loads((self.out / "results.json").read_text())

    def test_closed_streams(self):
        done = subprocess.run(["sh", "-c", 'exec "$0" "$@" <&- >&- 2>&-', PROGRAM, "measure", self.folder, "--out", self.out], timeout=120)
        self.assertEqual(done.returncode, 0)
        json.loads((self.out / "results.json").read_text())

    def test_interrupted(self):
        prompts = self.write("p.txt", "a prompt of some ten tokens to keep it busy for long\n" * 20000)
        for number in (signal.SIGINT, signal.SIGTERM):
            run = subprocess.Popen([PROGRAM, "measure", self.folder, "--dtype", "float32", "-v", "--rerun-seeds", "--out", self.out,
                                    "--prompts", prompts], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.dir, env=self.env)
            self.assertEqual(run.stderr.readline().decode(), f"loading {self.folder}\n")
            time.sleep(0.3)
            run.send_signal(number)
            out, error = run.communicate(timeout=120)
            self.assertEqual((out, error.decode(), run.returncode), (b"", "headspec: interrupted: nothing was written\n", 130))
            self.assertEqual(sorted(os.listdir(self.dir)), ["m", "p.txt"])

    def on_terminal(self, columns, *arguments, interrupt_at=None):
        """What a terminal of so many columns got on stderr, as text, and the exit code."""
        master, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        run = subprocess.Popen([PROGRAM, *map(str, arguments)], stdout=subprocess.DEVNULL, stderr=terminal, cwd=self.dir, env=self.env)
        os.close(terminal)
        seen = b""
        while True:
            try:
                more = os.read(master, 4096)
            except OSError:  # closed at the other end
                break
            if not more:
                break
            seen += more
            if interrupt_at is not None and interrupt_at in seen:
                run.send_signal(signal.SIGINT)
                interrupt_at = None
        os.close(master)
        return seen.decode(), run.wait(timeout=120)

    def test_bar_fits_the_terminal_and_is_there_from_the_start(self):
        arguments = ["measure", self.folder, "--dtype", "float32", "--fresh", "-q", "--no-progress", "--out", self.out]
        self.assertEqual(self.on_terminal(80, *arguments), ("", 0))
        arguments.remove("-q")
        arguments.remove("--no-progress")
        for columns in (0, 20, 40, 60, 200):
            shutil.rmtree(self.out)
            seen, code = self.on_terminal(columns, *arguments)
            bars = [bar for bar in seen.split("\r\x1b[K") if bar]
            self.assertEqual(code, 0)
            self.assertEqual(len(bars), 5)  # layer 0 to 4
            self.assertLess(max(map(len, bars)), columns or 80)
            self.assertTrue(seen.endswith("\r\x1b[K"), repr(seen))
            if columns > 60:
                self.assertEqual(bars[0], f"m: layers {'░' * 24} 0/4")
                self.assertRegex(bars[4], r"^m: layers █{24} 4/4  0 s left$")

    def test_interruption_clears_the_bar(self):
        prompts = self.write("p.txt", "a prompt of some ten tokens to keep it busy for long\n" * 20000)
        seen, code = self.on_terminal(80, "measure", self.folder, "--dtype", "float32", "--rerun-seeds", "--out", self.out, "--prompts", prompts,
                                      interrupt_at=b"0/4")
        self.assertEqual(code, 130)
        self.assertTrue(seen.endswith("\r\x1b[Kheadspec: interrupted: nothing was written\r\n"), repr(seen))

    def test_interrupted_while_it_waits_for_a_pipe(self):
        os.mkfifo(self.dir / "pipe.toml")
        run = subprocess.Popen([PROGRAM, "run", "pipe.toml"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.dir, env=self.env)
        time.sleep(0.5)
        run.send_signal(signal.SIGINT)
        out, error = run.communicate(timeout=60)
        self.assertEqual((out, error, run.returncode), (b"", b"headspec: interrupted: nothing was written\n", 130))


class Manifest(HostileTest):
    def setUp(self):
        super().setUp()
        self.model(name="good")
        self.model("phi-two-shards", "also good")

    def assert_refused(self, error, content, code=2):
        file = self.write("m.toml", content)
        self.assert_fails(code, error.replace("{file}", str(file)), "run", file, "-q", "--out", self.out)

    GOOD = '[[model]]\nname = "good"\npath = "good"\ndisplay = "Good"\nsize = "1M"\n'

    def test_files(self):
        self.assert_fails(3, "manifest: cannot read none.toml (No such file or directory); check the path and its permissions", "run", "none.toml")
        self.assert_fails(3, "manifest: a folder, not a file: good; give a file", "run", "good")

    def test_contents(self):
        start = 'experiment = "E"\n'
        self.assert_refused("{file}:2: not TOML: Error while parsing key-value pair: encountered end-of-file; correct the line", start + "purpose = ")
        self.assert_refused('{file}:2: purpos: unknown key; did you mean "purpose"?', start + "purpos = 1\n")
        self.assert_refused("{file}:2: purpose: expected a string, found 7; put the value in quotes", start + "purpose = 7\n")
        self.assert_refused("{file}:1: model: expected at least one [[model]], found none; add the models to measure", start)
        self.assert_refused("{file}:3: protocol.prompt_md5: expected the MD5 of the prompts, 715065bab181f46bf12ed471951141e2, found 00; the prompt "
                            "set is not the one this experiment was written for", start + '[protocol]\nprompt_md5 = "00"\n' + self.GOOD)
        self.assert_refused('{file}:3: protocol.fallback: expected "first-model" or "per-model", found "none"; use one of these',
                            start + '[protocol]\nfallback = "none"\n' + self.GOOD)
        self.assert_refused(f"prompts: cannot read {self.dir}/none.txt (No such file or directory); check the path and its permissions",
                            start + '[protocol]\nprompts = "none.txt"\n' + self.GOOD, 3)

    def test_first_model_missing(self):
        self.assert_refused(f"{self.dir}/none: no such folder; give a folder that holds a Hugging Face checkpoint, or org/name",
                            'experiment = "E"\n[[model]]\nname = "none"\npath = "none"\n' + self.GOOD, 3)

    def test_sanity_abort(self):
        self.assert_refused("ABORT: no sanity variant passed for Good; the last one, raw+fp32, stopped with baseline_si_below_threshold; mend the "
                            "model, or change dtypes or sanity_min_si in the manifest",
                            'experiment = "E"\n[protocol]\nsanity_min_si = 10\n' + self.GOOD, 1)

    def ladder(self, fallback):
        broken = self.model(name="broken")
        (broken / "model.safetensors").write_text(POINTER)
        manifest = self.write("m.toml", f'experiment = "E"\nslug = "e"\n[protocol]\nfallback = "{fallback}"\n' + self.GOOD +
                              '[[model]]\nname = "broken"\npath = "broken"\ndisplay = "Broken"\nsize = "2M"\n'
                              '[[model]]\nname = "also"\npath = "also good"\n'
                              '[hypothesis]\nH0 = "a"\nH1 = "b"\ntarget_si = 0.33\ntolerance = 0.05\n')
        return broken, self.run_program("run", manifest, "--json", "--out", self.out)

    def test_one_broken_model_loses_no_other(self):
        for fallback in ("first-model", "per-model"):
            with self.subTest(fallback):
                broken, done = self.ladder(fallback)
                problem = (f"{broken}/model.safetensors: GitLfsPointer: a Git-LFS pointer of {len(POINTER)} bytes, not the file it points to (size "
                           "405152); run 'git lfs pull' in its folder")
                self.assertEqual(done.returncode, 1)
                errors = [line for line in done.stderr.decode().splitlines() if line.startswith("headspec: ")]
                self.assertEqual(errors, [f"headspec: broken: {problem}"])
                stored = json.loads((self.out / "results.json").read_text())
                self.assertEqual(json.loads(done.stdout), stored)
                self.assertEqual(stored["results"][1], {"model": "broken", "display": "Broken", "size": "2M", "error": problem})
                self.assertEqual([("error" in r, r["model"]) for r in stored["results"]], [(False, "good"), (True, "broken"), (False, "also")])
                self.assertEqual(stored["verdict"]["models_tested"], 2)
                shutil.rmtree(self.out)
                shutil.rmtree(broken)

    def test_nothing_measured_writes_nothing(self):
        self.write("p.json", '["a"]')
        for folder in ("good", "also good"):
            (self.dir / folder / "extra").write_text("")
        done = self.run_program("measure", "good", "also good", "-q", "--prompts", "./p.json", "--out", self.out)
        reason = "no sanity variant passed, the last one, raw+fp32, stopped with valid_len_too_small; name one dtype to measure unchecked"
        self.assertEqual(done.stderr.decode(), f"headspec: good: {reason}\nheadspec: also good: {reason}\n")
        self.assertEqual((done.returncode, done.stdout, self.left), (1, b"", []))


class Stored(HostileTest):
    ARRAYS = SOURCE / "tests/data/arrays"

    def assert_refused(self, error, name, content, code=2):
        file = self.write(name, content)
        self.assert_fails(code, f"{file}: {error}" if code == 2 and not error.startswith("/") else error, "si", file)

    def npy(self, values, shape, kind="<f8"):
        header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}".encode()
        header += b" " * (-(len(header) + 11) % 64) + b"\n"
        return b"\x93NUMPY\x01\0" + struct.pack("<H", len(header)) + header + struct.pack(f"<{len(values)}d", *values)

    def test_files(self):
        self.assert_fails(3, "stored entropies: cannot read none.json (No such file or directory); check the path and its permissions", "si", "none.json")
        self.assert_fails(3, f"stored entropies: a folder, not a file: {self.dir}; give a file", "si", self.dir)

    def test_json(self):
        self.assert_refused("not JSON (parse error at line 1, column 1: syntax error while parsing value - invalid literal; last read: 'h')" +
                            ENTROPIES, "e.json", "hello")
        self.assert_refused("no entropies in it" + ENTROPIES, "e.json", '{"values": [[1, 2]]}')
        self.assert_refused("expected JSON nested at most 64 deep" + ENTROPIES, "e.json", "[" * 200000 + "]" * 200000)
        self.assert_refused("/a/entropies: layer 1: expected 2 heads, found 1" + ENTROPIES, "e.json", '{"a": {"entropies": [[1, 2], [3]]}}')
        self.assert_refused("/entropies: layer 0, head 1: expected a number, found string" + ENTROPIES, "e.json", '{"entropies": [[1, "2"], [3, 4]]}')

    def test_npy(self):
        self.assert_refused("layer 1, head 0: expected a finite number, found nan" + ENTROPIES, "e.npy", self.npy([1, 2, float("nan"), 4], "(2, 2)"))
        self.assert_refused("expected 32 bytes of data for its shape, found 31" + NUMPY, "e.npy", self.npy([1, 2, 3, 4], "(2, 2)")[:-1])
        self.assert_refused("not an .npy array" + NUMPY, "e.npy", b"\x93NUMPY")
        self.assert_refused("expected type '<f8' or '<f4', found '>f8'" + NUMPY, "e.npy", self.npy([1, 2, 3, 4], "(2, 2)", ">f8"))
        self.assert_refused("expected at most 4096 heads, found 100000" + ENTROPIES, "e.npy", self.npy([0] * 200000, "(2, 100000)"))

    def test_npz(self):
        with zipfile.ZipFile(self.dir / "none.npz", "w") as archive:
            archive.writestr("values.npy", self.npy([1, 2], "(1, 2)"))
        self.assert_fails(2, f"{self.dir}/none.npz: no entropies in it{ENTROPIES}", "si", self.dir / "none.npz")
        whole = (self.ARRAYS / "plain.npz").read_bytes()
        self.assert_refused("not an .npz archive" + ENTROPIES, "cut.npz", whole[:-10])
        central = whole.index(b"PK\x01\x02")
        huge = whole[:central + 24] + struct.pack("<I", 2**31 - 2) + whole[central + 28:]
        self.assert_refused("head_entropies.npy: 2147483646 bytes are too many for a table of heads" + ENTROPIES, "huge.npz", huge)

    # Names from inside the file that would repaint the terminal or break the line.
    def test_names(self):
        file = self.write("e.json", json.dumps({"a\n\x1b[31m": {"entropies": 7}}))
        self.assert_fails(2, rf"/a\x0A\x1B[31m/entropies: expected a list of layers, found number{ENTROPIES}", "si", file)


class Paths(HostileTest):
    NAMES = ("with space", 'quo"te', "apo'strophe", "ünïcödé 模型 🤖", "-dash", "a\\b", "semi;colon", "$HOME", "%s", "tab\there", "new\nline")

    def test_strange_names_work(self):
        for name in self.NAMES:
            with self.subTest(name):
                folder = self.model(name=name)
                done = self.start("measure", f"./{name}", "--dtype", "float32", "--json", "--out", self.dir / f"{name} out")
                self.assertEqual(done.returncode, 0, done.stderr)
                result = json.loads(done.stdout)["results"][0]
                self.assertEqual(result["model"], f"./{name}")
                self.assertEqual(result["provenance"]["folder"], str(folder))
                self.assertEqual(json.loads((self.dir / f"{name} out/results.json").read_text())["results"][0]["si_mean"], result["si_mean"])

    def test_a_whole_run_in_strange_folders(self):
        for name in ("with 'space' and \"quotes\"", "ünïcödé 模型", "new\nline", "$(touch x) `touch x`"):
            with self.subTest(name):
                done = self.start("run", "-q", "--out", self.dir / name)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn("results.json", os.listdir(self.dir / name))
                self.assertIn("figure.png", os.listdir(self.dir / name))
        self.assertFalse((self.dir / "x").exists())

    def test_bytes_that_are_no_text(self):
        folder = os.fsencode(self.dir) + b"/m\xff"
        shutil.copytree(os.fsencode(GOLDEN / "phi-mha"), folder)
        done = subprocess.run([PROGRAM, "measure", folder, "--dtype", "float32", "--json", "--out", self.out], capture_output=True, env=self.env)
        self.assertEqual(done.returncode, 0, done.stderr)
        json.loads(done.stdout)


if __name__ == "__main__":
    main()
