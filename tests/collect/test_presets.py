import pytest

from grokrfm.checks import GrokrfmError
from grokrfm.collect import layout, presets
from grokrfm.paths import conf_folder

TABLES = sorted((conf_folder() / "table").glob("*.yaml"))
FIGURES = sorted((conf_folder() / "figure").glob("*.yaml"))


@pytest.fixture
def own(tmp_path):
    """Writes a table preset of one's own; returns the folder to give as --config-dir."""

    def write(text, name="mine"):
        (tmp_path / "table").mkdir(exist_ok=True)
        (tmp_path / "table" / f"{name}.yaml").write_text(text, encoding="utf-8")
        return tmp_path

    return write


def loaded(folder, name="mine"):
    return layout.of_preset(presets.load("table", name, [folder]), name)


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_every_table_is_a_layout_with_all_its_keys(path):
    preset = presets.load("table", path.stem)
    assert set(preset) == set(layout.KEYS)
    assert layout.of_preset(preset, path.stem).values
    assert path.read_text(encoding="utf-8").startswith("# ")


@pytest.mark.parametrize("path", FIGURES, ids=lambda path: path.stem)
def test_every_figure_is_found(path):
    assert presets.load("figure", path.stem)


def test_what_a_preset_says(own):
    text = "rows: [a, b]\nvalues: x\nwhere: >\n  a > 1\n  and b < 2\npaired: null\n"
    given = loaded(own(text))
    assert given == layout.Layout(rows=["a", "b"], values=["x"], where="a > 1 and b < 2")


def test_ones_own_folder_comes_first(own):
    folder = own("rows: [mine]", name=TABLES[0].stem)
    assert loaded(folder, TABLES[0].stem).rows == ["mine"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("row: [a]", "table mine: unknown key 'row'; did you mean rows?"),
        ("rows: {a: 1}", "table mine: rows must be a list of names, got {'a': 1}"),
        ("rows: [1]", "table mine: rows must be a list of names, got [1]"),
        ("where: 3", "table mine: where must be a string, got 3"),
        ("- a", "mine.yaml: must be a mapping, with one `key: value` per line"),
        ("", "mine.yaml: must be a mapping"),
        ("1: a", "mine.yaml: must be a mapping"),
        ("rows: [a", "mine.yaml: cannot be read (while parsing"),
        ("rows: !!python/object/apply:os.system [true]", "mine.yaml: cannot be read ("),
    ],
)
def test_a_preset_that_cannot_be_is_explained(own, text, message):
    with pytest.raises(GrokrfmError) as caught:
        loaded(own(text))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "message"), [("headlin", "did you mean headline?"), ("qqqqqq", "known are ")]
)
def test_a_preset_that_does_not_exist_is_answered_with_the_nearest(name, message):
    with pytest.raises(GrokrfmError, match=f"table '{name}': no such file in .*{message}"):
        presets.load("table", name)


def test_the_presets_that_studies_name_in_their_order():
    configs = [
        {"study": {"name": "a", "tables": ["y", "x"]}},
        {"study": {"name": "b", "tables": "x"}},
        {"study": {"name": "c"}},
        {},
    ]
    assert presets.chosen(configs, "table") == ["y", "x"]
    assert presets.chosen(configs, "figure") == []


@pytest.mark.parametrize("names", [["../x"], ["/etc/passwd"], [""], {"a": 1}, 3, [3]])
def test_names_that_are_no_names_are_refused(names):
    with pytest.raises(GrokrfmError, match=r"study a: .*must be"):
        presets.chosen([{"study": {"name": "a", "tables": names}}], "table")
