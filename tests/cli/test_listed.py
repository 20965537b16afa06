"""Training pairs that a user lists in a file."""

from grokrfm import collect
from tests.cli.command import grokrfm

PAIRS = "a,b\n0,1\n1,2\n2,2\n"


def test_a_list_counts_by_its_content_not_by_its_path(tmp_path):
    (tmp_path / "below").mkdir()
    for path, text in {
        "one.csv": PAIRS,
        "below/same.csv": PAIRS,
        "more.csv": PAIRS + "0,0\n",
    }.items():
        (tmp_path / path).write_text(text, encoding="utf-8")
    paths = f"split.path=one.csv,{tmp_path}/below/same.csv,more.csv"
    small = ["task.modulus=3", "rfm.iterations=1", "study=demo"]
    done = grokrfm(tmp_path, "-m", "split=listed", paths, *small)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "2 finished, 1 the same as one of these"
    runs = collect.runs(tmp_path / "outputs" / "demo")
    assert sorted(zip(runs["n_train"], runs["n_test"], strict=True)) == [(3, 6), (4, 5)]
