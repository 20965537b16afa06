"""The commit that a record names."""

import subprocess

from grokrfm.runs.provenance import _git_state


def test_only_tracked_files_of_the_package_make_a_commit_dirty(tmp_path):
    def git(*arguments):
        me = ["-c", "user.name=me", "-c", "user.email=me@example.org"]
        subprocess.run(["git", "-C", tmp_path, *me, *arguments], check=True, capture_output=True)

    files = {name: tmp_path / name for name in ("grokrfm/a.py", "conf/a.yaml", "docs/a.md")}
    for path in files.values():
        path.parent.mkdir()
        path.write_text("before", encoding="utf-8")
    package = tmp_path / "grokrfm"
    assert _git_state(package) is None
    git("init")
    git("add", ".")
    git("commit", "-m", "one")
    (package / "untracked.py").touch()
    files["docs/a.md"].write_text("after", encoding="utf-8")
    state = _git_state(package)
    assert state and len(state["commit"]) == 40 and not state["dirty"]
    files["conf/a.yaml"].write_text("after", encoding="utf-8")
    assert _git_state(package) == {**state, "dirty": True}
