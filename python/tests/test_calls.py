"""Errors, progress, notes, interruption and threads."""

import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import headspec
import numpy as np
import pytest
from test_results import stable


def failure(call, *arguments, **options):
    with pytest.raises(headspec.Error) as caught:
        call(*arguments, **options)
    text = str(caught.value)
    assert text and "\n" not in text
    return caught.value, text


def test_a_folder_that_is_not_there(tmp_path):
    error, text = failure(headspec.measure, tmp_path / "nothing")
    assert (type(error), error.kind) == (headspec.AccessError, "system")
    assert isinstance(error, OSError)
    assert "nothing" in text


def test_a_folder_that_is_no_checkpoint(tmp_path):
    (tmp_path / "config.json").write_text("{")
    error, text = failure(headspec.measure, tmp_path)
    assert (type(error), error.kind) == (headspec.InputError, "input")
    assert isinstance(error, ValueError)
    assert "config.json" in text


@pytest.mark.parametrize("options, word", [
    ({"dtype": "int8"}, "dtype"),
    ({"numerics": "mine"}, "numerics"),
    ({"metrics": "every"}, "metrics"),
    ({"prompts": []}, "prompt"),
    ({"prompts": "/no/such/file.txt"}, "/no/such/file.txt"),
])
def test_arguments(nano, options, word):
    error, text = failure(headspec.measure, nano("0.5m"), **options)
    assert word in text


def test_a_wrong_type_is_a_type_error(nano):
    with pytest.raises(TypeError):
        headspec.measure(nano("0.5m"), max_length="128")


def test_tables_that_are_none():
    assert type(failure(headspec.si, [1.0, 2.0])[0]) is headspec.InputError
    assert type(failure(headspec.si, np.empty((0, 3, 3)))[0]) is headspec.InputError
    assert type(failure(headspec.si, np.empty((2, 0, 3)))[0]) is headspec.InputError


def test_files_that_are_no_results(tmp_path):
    assert failure(headspec.load, tmp_path / "none.json")[0].kind == "system"
    (tmp_path / "half.json").write_text('{"experiment": ')
    error, text = failure(headspec.load, tmp_path / "half.json")
    assert error.kind == "input"
    assert "half.json" in text
    (tmp_path / "no.toml").write_text('experimnt = "x"\n')
    assert failure(headspec.run, tmp_path / "no.toml")[0].kind == "input"


def test_nothing_is_overwritten(nano, tmp_path):
    result = headspec.measure(nano("0.5m"))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "kept.txt").write_text("kept")
    assert failure(result.save, tmp_path / "full")[0].kind == "system"
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["kept.txt"]


def test_progress(nano):
    told = []
    headspec.measure(nano("0.5m"), fresh=True, progress=lambda *about: told.append(about))
    layers = [about for about in told if about[0] == "nano-0.5m: layers"]
    assert layers, told
    assert all(0 <= done <= total and unit in ("items", "bytes") for _, done, total, unit in told)
    assert layers[0][1] == 0
    assert layers[-1][1] == layers[-1][2]


def test_progress_bars(nano, capfd):
    headspec.measure(nano("0.5m"), fresh=True, progress=True)
    printed = capfd.readouterr()
    assert printed.out == ""
    assert "nano-0.5m" in printed.err


def test_silent_unless_asked(nano, capfd):
    headspec.measure(nano("0.5m"), fresh=True)
    assert capfd.readouterr() == ("", "")


def test_log(nano):
    lines = []
    headspec.measure(nano("0.5m"), log=lines.append)
    assert any("sanity check raw+bf16 passed" in line for line in lines)


class Stopped(Exception):
    pass


@pytest.mark.parametrize("hook", ["progress", "log"])
def test_an_exception_in_a_callback_comes_out(nano, hook):
    def stop(*about):
        raise Stopped(hook)

    with pytest.raises(Stopped, match=hook):
        headspec.measure(nano("0.5m"), fresh=True, **{hook: stop})


def test_an_exception_at_the_end_of_the_pass_comes_out(nano):
    def stop_at_the_end(what, done, total, unit):
        if what.endswith(": layers") and done == total:
            raise Stopped(what)

    with pytest.raises(Stopped, match="layers"):
        headspec.measure(nano("0.5m"), dtype="float32", fresh=True, progress=stop_at_the_end)


LONG = """
import headspec, sys

def show(what, done, total, unit):
    if what.endswith(": layers") and not told:
        told.append(what)
        print("measuring", flush=True)

told = []
try:
    headspec.measure(sys.argv[1], prompts=["and " * 400] * 4000, dtype="float32", threads=1, fresh=True,
                     progress=show)
except KeyboardInterrupt:
    print("interrupted", flush=True)
    raise
print("done")
"""


def test_ctrl_c_ends_a_measurement(nano):
    process = subprocess.Popen([sys.executable, "-c", LONG, nano("4m")], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    with process:
        assert process.stdout.readline() == "measuring\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert out == "interrupted\n"
    assert "KeyboardInterrupt" in err
    assert process.returncode == -signal.SIGINT


def test_two_threads(nano):
    calls = [(nano("0.5m"), {"dtype": "float32", "metrics": "all", "threads": 2}),
             (nano("1.5m"), {"dtype": "bfloat16", "max_length": 40, "threads": 1}),
             (nano("0.5m"), {"numerics": "exact", "prompts": ["To be, or not to be", "import os, sys"]})]

    def measure(call):
        return stable(headspec.measure(call[0], fresh=True, **call[1]).raw)

    in_turn = [measure(call) for call in calls]
    with ThreadPoolExecutor(len(calls)) as threads:
        assert list(threads.map(measure, calls)) == in_turn


def test_other_threads_go_on(nano):
    """A measurement holds no lock of the interpreter: another thread can answer a callback of it."""
    asked, answered = threading.Event(), threading.Event()

    def answer():
        asked.wait()
        answered.set()

    def show(*about):
        asked.set()
        answered.wait()

    thread = threading.Thread(target=answer)
    thread.start()
    headspec.measure(nano("0.5m"), fresh=True, progress=show)
    thread.join()
