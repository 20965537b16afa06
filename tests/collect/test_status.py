import re
import subprocess
import sys
import time

import pytest
import yaml

from grokrfm import config, status
from grokrfm.runs.provenance import provenance
from grokrfm.runs.store import Store
from tests.collect.synthetic import ELSEWHERE, HERE_BUT_GONE, failed, run

COST = {"seconds": 1.0, "iterations": 60, "class": ""}
REMEDY = "the command that started them runs them again and skips what is finished"


@pytest.fixture
def said(monkeypatch, capsys):
    """What `grokrfm-status` prints about some folders, in this process."""

    def say(*folders):
        monkeypatch.setattr(sys, "argv", ["grokrfm-status", *map(str, folders)])
        status.main()
        return capsys.readouterr().out

    return say


def test_without_a_study_all_are_listed_and_a_name_is_enough(study, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        said()
    study(run("d1"), run("d2"), name="outputs/one")
    study(failed("d3"), name="outputs/other")
    assert said() == "outputs/one: 2 finished\noutputs/other: 1 failed\n"
    assert said("one") == "outputs/one: 2 finished\n"
    with pytest.raises(SystemExit):
        said("--cancel")  # of which study?
    assert said("other").startswith("outputs/other: 1 failed\n  failed (1): ")


def test_a_run_shows_its_settings_and_its_command_by_a_prefix_of_its_digest(study, said, capsys):
    settings = config.compose(["task.modulus=7", "kernel=laplace", "study=mine"])
    folder = study(run("abc1", config=settings), run("abd2", config=settings))
    shown = said(folder, "--config", "abc")
    *text, command = shown.splitlines()
    assert yaml.safe_load("\n".join(text)) == settings
    assert command == "# grokrfm task.modulus=7 kernel=laplace study.name=mine"
    for digest, problem in (("ab", "several digests in"), ("x", "no run with digest x")):
        with pytest.raises(SystemExit):
            said(folder, "--config", digest)
        assert capsys.readouterr().err.startswith(problem)


def test_a_study_that_is_finished_is_one_line(study, said):
    folder = study(run("d1"), run("d2"))
    assert said(folder) == f"{folder}: 2 finished\n"


def test_an_empty_study_has_no_runs(study, said):
    folder = study()
    assert said(folder) == f"{folder}: no runs\n"


def test_statuses_are_counted_once_a_run(study, said):
    """A run that failed and then finished is finished."""
    folder = study(failed("d1"), run("d1"), run("d2"), run("d3"), failed("d4"))
    assert said(folder).splitlines()[0] == f"{folder}: 3 finished, 1 failed"


def test_failures_are_grouped_by_cause(study, said):
    text = said(study(failed("d1", "rare"), failed("d2", "common"), failed("d3", "common")))
    assert re.findall(r"failed \((\d)\): (.*)", text) == [("2", "common"), ("1", "rare")]
    assert REMEDY in text


def test_a_run_whose_process_is_gone_is_lost_and_named(study, said):
    text = said(study(run("d1", status=None, provenance=HERE_BUT_GONE)))
    assert ": 1 lost\n" in text
    assert re.search(r"lost: d1 addition, made up, started [\d.]+ min ago by process \d+ on", text)
    assert REMEDY in text


@pytest.mark.parametrize("where", ["elsewhere", "here"])
def test_a_run_that_is_going_is_named_with_its_process(study, said, where):
    of = ELSEWHERE if where == "elsewhere" else provenance("cpu", 1)
    ninety_seconds_ago = time.time() - 90
    text = said(study(run("d1", status=None, provenance=of), beginning=ninety_seconds_ago))
    assert ": 1 running\n" in text
    process = f"process {of['pid']} on {of['host']}"
    assert f"running: d1 addition, made up, started 1.5 min ago by {process}" in text
    assert REMEDY not in text


def test_a_run_that_is_going_shows_how_far_it_is(study, said):
    going = run("d1", status=None, provenance=provenance("cpu", 1), cost=COST)
    folder = study(going, beginning=time.time())
    store = Store(folder)
    [record] = store.records()
    store.progress(record.attempt, {"updates": 12, "test_accuracy": 0.41666})
    progress = "iteration 12 of 60, test_accuracy 0.417"
    assert f"running: d1 addition, made up, {progress}, started 0.0 min ago" in said(folder)
    store.end(record.attempt, {}, status="finished", ended=time.time(), metrics={}, features=[])
    assert progress not in said(folder)


def test_a_process_that_has_ended_is_not_running(study, said):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    gone = {**HERE_BUT_GONE, "pid": ended.pid}
    assert ": 1 lost\n" in said(study(run("d1", status=None, provenance=gone)))


def test_an_interrupted_run_can_be_taken_up_again(study, said):
    text = said(study(run("d1", "interrupted")))
    assert ": 1 interrupted\n" in text
    assert REMEDY in text


def test_the_log_of_a_run_has_its_lines_alone_and_lies_below_the_study(study, said, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("a secret\n", encoding="utf-8")
    folder = study(
        run("d1", provenance={**ELSEWHERE, "log": "log"}),
        run("d2", provenance={**ELSEWHERE, "log": "log"}, log_start=6),
        run("d3", provenance={**ELSEWHERE, "log": str(secret)}),
        run("d4", provenance={**ELSEWHERE, "log": "../secret"}),
    )
    (folder / "log").write_text("first\nsecond\n", encoding="utf-8")
    assert said(folder, "--log", "d1").splitlines()[1:] == [f"{folder / 'log'}:", "first"]
    assert said(folder, "--log", "d2").splitlines()[1:] == [f"{folder / 'log'}:", "second"]
    for digest in ("d3", "d4"):
        text = said(folder, "--log", digest)
        assert "it has no log in the study" in text and "a secret" not in text


def test_several_studies_follow_each_other(study, said):
    folders = [study(run("d1"), name="first"), study(failed("d1"), name="second")]
    lines = said(*folders).splitlines()
    assert lines[0] == f"{folders[0]}: 1 finished"
    assert lines[1] == f"{folders[1]}: 1 failed"


def test_a_folder_that_is_not_a_study_is_a_line_and_exit_code_1(study, tmp_path, said, capsys):
    study(run("d1"), name="demo")
    with pytest.raises(SystemExit) as ended:
        said(tmp_path)
    assert ended.value.code == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.endswith("it contains the studies demo\n")


def test_the_command_is_installed(command, study):
    done = command("grokrfm-status", study(run("d1")))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("demo: 1 finished\n")
    none = command("grokrfm-status")
    assert none.returncode == 1
    assert none.stderr == "there is no study in outputs/; name the folder of one\n"
