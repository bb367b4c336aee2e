#!/usr/bin/env python3
"""Help, manual, completion, colours, and what an interruption leaves. Usage: console_test.py PROGRAM SOURCE_DIR"""
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import time
import unittest

import hostile
from hostile import PROGRAM, SOURCE, HostileTest

NANO = SOURCE / "data/nano"
COMMANDS = ["run", "plan", "merge", "submit", "measure", "compare", "sanity", "inspect", "si", "report", "verify", "fetch", "models", "completion", "man", "help"]


def text_of(*arguments):
    done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, ""), (arguments, done)
    return done.stdout


def options_of(command):
    """The options that --help names, each with the kind of its value ("" for a flag)."""
    found = {}
    for names, value in re.findall(r"^  ((?:-\w, )?--[\w-]+(?:, --[\w-]+)*)(?: (\S+))?(?:$|  )", text_of(command, "--help"), re.M):
        found |= {name: value for name in names.split(", ")}
    return found


class Help(unittest.TestCase):
    def test_every_command_has_its_subjects_and_an_example(self):
        self.assertEqual(re.findall(r"^  ([a-z]+)  ", text_of("--help").split("Options:")[0], re.M), COMMANDS)
        for command in COMMANDS:
            text = text_of("help", command)
            self.assertEqual(text, text_of(command, "--help"))
            self.assertTrue(text.startswith(f"headspec {command} "), text)
            self.assertRegex(text, rf"\nExample: headspec {command}\b.*\n\Z")
            self.assertIn("What is printed:\n", text)
            for line in text.split("\nExample: ")[0].splitlines():
                self.assertLessEqual(len(line), 80, line)

    def test_every_option_stands_once(self):
        for command in COMMANDS:
            names = re.findall(r"^  (?:-\w, )?(--[\w-]+)", text_of(command, "--help"), re.M)
            self.assertEqual(len(names), len(set(names)), command)
            self.assertIn("--help", names)


class Manual(HostileTest):
    def pages(self):
        subprocess.run([PROGRAM, "man", "--into", self.dir / "man"], check=True, timeout=60)
        return sorted((self.dir / "man").iterdir())

    def test_a_page_for_every_command_with_every_option(self):
        pages = {page.name: page.read_text() for page in self.pages()}
        self.assertEqual(set(pages), {"headspec.1"} | {f"headspec-{command}.1" for command in COMMANDS})
        for command in COMMANDS:
            page = pages[f"headspec-{command}.1"]
            self.assertEqual(page, text_of("man", command))
            named = re.findall(r"^\.B (.*)$", page.replace("\\-", "-"), re.M)
            words = {word.rstrip(",") for line in named for word in line.split()}
            for option, value in options_of(command).items():
                self.assertIn(option, words, command)
                self.assertTrue(value == "" or value in words, (option, value))
            for section in ("NAME", "SYNOPSIS", "OPTIONS", "EXAMPLE", "EXIT STATUS", "ENVIRONMENT", "SEE ALSO"):
                self.assertIn(f"\n.SH {section}\n", page)

    @unittest.skipUnless(shutil.which("groff"), "groff is not installed")
    def test_pages_are_well_formed(self):
        for page in self.pages():
            done = subprocess.run(["groff", "-ww", "-man", "-Tutf8", "-z", page], capture_output=True, text=True, timeout=60)
            self.assertEqual((done.returncode, done.stderr), (0, ""), page.name)


class Completion(HostileTest):
    def complete(self, *words):
        """What bash offers for the last word."""
        (self.dir / "completion").write_text(text_of("completion", "bash"))
        quoted = " ".join(f"'{word}'" for word in words)
        script = f"source ./completion; COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; _headspec; printf '%s\\n' \"${{COMPREPLY[@]}}\""
        done = subprocess.run(["bash", "--norc", "-c", script], cwd=self.dir, env=self.env, capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout.split("\n")[:-1] if done.stdout != "\n" else []

    def test_commands_options_and_values(self):
        self.assertEqual(self.complete("headspec", ""), [*COMMANDS, "--help", "--version"])
        self.assertEqual(self.complete("headspec", "m"), ["merge", "measure", "models", "man"])
        for command in COMMANDS:
            offered = self.complete("headspec", command, "-")
            self.assertLessEqual(set(options_of(command)), set(offered))
        self.assertEqual(self.complete("headspec", "measure", "x", "--dtype", "b"), ["bfloat16"])
        self.assertEqual(self.complete("headspec", "measure", "x", "--dtype", "=", "fl"), ["float16", "float32"])
        self.assertEqual(self.complete("headspec", "completion", ""), ["bash", "zsh", "fish"])
        self.assertEqual(self.complete("headspec", "help", "ver"), ["verify"])
        self.assertEqual(self.complete("headspec", "measure", "x", "--threads", ""), [])

    def test_files_folders_and_cached_models(self):
        (self.dir / "a folder").mkdir()
        self.write("a file.toml", "")
        (self.dir / "hf/hub/models--org--name-1--x").mkdir(parents=True)
        self.assertEqual(self.complete("headspec", "run", "a"), ["a file.toml", "a folder"])
        self.assertEqual(self.complete("headspec", "measure", "a"), ["a folder"])
        self.assertEqual(self.complete("headspec", "measure", "org/"), ["org/name-1--x"])
        self.assertEqual(self.complete("headspec", "run", "--out", "a"), ["a folder"])

    def test_other_shells_read_their_scripts(self):
        for shell in ("bash", "zsh", "fish"):
            script = self.write(shell, text_of("completion", shell))
            for command in COMMANDS:
                self.assertIn(command, script.read_text())
            if shutil.which(shell):
                done = subprocess.run([shell, "-n", script], capture_output=True, text=True, timeout=60)
                self.assertEqual((done.returncode, done.stderr), (0, ""), shell)


class Colour(HostileTest):
    def on_terminal(self, *arguments, **environment):
        control, terminal = pty.openpty()
        run = subprocess.Popen([PROGRAM, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=terminal, stderr=terminal, cwd=self.dir,
                               env={k: v for k, v in self.env.items() if k not in ("NO_COLOR", "CLICOLOR_FORCE")} | {"TERM": "xterm"} | environment)
        os.close(terminal)
        seen = b""
        while True:
            try:
                more = os.read(control, 4096)
            except OSError:  # closed at the other end
                break
            if not more:
                break
            seen += more
        os.close(control)
        run.wait(timeout=60)
        return seen.decode()

    def test_only_where_it_is_wanted(self):
        self.model()
        arguments = ["sanity", "m", "--no-progress"]
        self.assertIn("\x1b[32m✓\x1b[0m", self.on_terminal(*arguments))
        plain = self.start(*arguments).stdout.decode()
        self.assertNotIn("\x1b", plain)
        for environment in ({"NO_COLOR": "1"}, {"TERM": "dumb"}, {"TERM": ""}):
            self.assertNotIn("\x1b", self.on_terminal(*arguments, **environment), environment)
        self.assertNotIn("\x1b", self.on_terminal(*arguments, "--color", "never"))
        self.assertIn("\x1b[32m✓", self.on_terminal(*arguments, "--color", "always", NO_COLOR="1"))
        del self.env["NO_COLOR"]
        self.env["CLICOLOR_FORCE"] = "1"
        forced = self.start(*arguments).stdout.decode()
        self.assertEqual(re.sub(r"\x1b\[[0-9;]*m", "", forced), plain)
        self.assertNotEqual(forced, plain)
        self.assertNotIn(b"\x1b", self.start(*arguments, "--json").stdout)

    def test_errors_too(self):
        self.assertEqual(self.on_terminal("inspect", "./none"), "\x1b[1;31mheadspec:\x1b[0m ./none: no such folder; give a folder that holds a Hugging "
                                                              "Face checkpoint, or org/name\r\n")


class Interruption(HostileTest):
    def test_while_a_picture_is_drawn(self):
        """A gnuplot that never ends: it is ended, the models are kept, and nothing else is left."""
        (self.dir / "bin").mkdir()
        program = self.write("bin/gnuplot", "#!/bin/sh\necho $$ > \"$MARK\"\nexec sleep 600\n")
        program.chmod(0o755)
        mark = self.dir / "mark"
        self.env |= {"PATH": f"{program.parent}:{self.env['PATH']}", "MARK": str(mark)}
        run = subprocess.Popen([PROGRAM, "run", "--out", self.out], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.dir, env=self.env)
        while not (mark.exists() and mark.read_text()) and run.poll() is None:
            time.sleep(0.01)
        run.send_signal(signal.SIGINT)
        errors = run.communicate(timeout=60)[1].decode()
        self.assertEqual((errors, run.returncode), ("headspec: interrupted: 3 of 3 models are kept; run the same command again to go on\n", 130))
        self.assertEqual(sorted(os.listdir(self.dir)), ["bin", "mark"])
        with self.assertRaises(ProcessLookupError):
            os.kill(int(mark.read_text()), 0)


class Json(HostileTest):
    def check(self, schema, text):
        file = self.write("checked.json", text)
        done = subprocess.run([sys.executable, SOURCE / "tests/schema_check.py", SOURCE / "docs" / f"{schema}.schema.json", file], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("schema_version", json.loads(text))

    def test_follows_the_schemas(self):
        self.check("models", text_of("models", "--json"))
        self.check("inspect", text_of("inspect", str(NANO / "nano-0.5m"), "--json"))
        self.check("si", text_of("si", str(SOURCE / "tests/data/arrays/two.npz"), "--json"))
        self.check("si", text_of("si", str(SOURCE / "tests/data/published/E11T_gqa_comparison_20260113_181926.json"), "--json"))
        for arguments, code in ((["sanity", NANO / "nano-0.5m"], 0), (["sanity", hostile.GOLDEN / "phi-fp16-overflow", "--dtype", "float16"], None)):
            done = self.start(*arguments, "--json")
            self.assertIn(done.returncode, (0, 1) if code is None else (code,), done.stderr)
            self.check("results", done.stdout.decode())
        self.assertEqual(self.start("measure", NANO / "nano-0.5m", "--dtype", "float32", "-q", "--out", self.out).returncode, 0)
        for arguments in ([], ["--no-recompute"]):
            self.check("verify", self.start("verify", self.out, "--json", *arguments).stdout.decode())
        (self.out / "heads.csv").unlink()
        done = self.start("verify", self.out, "--json", "--no-recompute")
        self.check("verify", done.stdout.decode())
        self.assertEqual((done.returncode, json.loads(done.stdout)["verified"]), (1, False))


if __name__ == "__main__":
    hostile.main()
