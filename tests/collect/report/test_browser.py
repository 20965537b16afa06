"""A report as a reader meets it, in a real browser; `apt install chromium chromium-driver`."""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from grokrfm.collect.report.page import RESERVED, page, write
from tests.collect.synthetic import curve, run

webdriver = pytest.importorskip(
    "selenium.webdriver", reason="needs selenium (pip install -e .[dev])"
)

from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (CHROMIUM and DRIVER), reason="needs the programs chromium and chromedriver"
    ),
]
FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run"
    " --disable-background-networking --disable-component-update --disable-sync"
    " --window-size=1300,900"
)
NASTY = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in FLAGS.split():
        options.add_argument(flag)
    options.add_argument(f"--user-data-dir={tmp_path_factory.mktemp('profile')}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    """A real sweep that names figures of every kind, and its report."""
    folder = tmp_path_factory.mktemp("look")
    scripts = Path(sys.executable).parent
    figures = "[accuracy,strata,grok,features,spectra,predictions]"
    sweep = [
        *("-m", f"outputs={folder}", "study=look", f"study.figures={figures}", "task.modulus=7"),
        *("split=fixed_points", "split.train_to_test=1", "kernel=gaussian,quadratic", "seed=0,1"),
        *("rfm.iterations=6", "save.features=last", "save.predictions=last", "hardware.threads=1"),
    ]
    subprocess.run([scripts / "grokrfm", *sweep], check=True, capture_output=True)
    subprocess.run([scripts / "grokrfm-report", folder / "look"], check=True, capture_output=True)
    return folder / "look" / "report.html"


@pytest.fixture
def opened(browser, swept):
    browser.get_log("performance")
    browser.get(swept.as_uri())
    return browser


@pytest.fixture
def beside(tmp_path):
    """300 runs, of which a few fit into the page; the others are in files beside it."""
    from tests.collect import synthetic

    (tmp_path / "study" / "segments").mkdir(parents=True)
    runs = [
        run(
            f"d{i:03}",
            config={"kernel": {"name": f"{NASTY}</script>\u2028" if i % 2 else "plain"}, "seed": i},
            history=curve(*(i / 300 for _ in range(9))),
            metrics={"test_accuracy": 1 - i / 300, "updates": 9},
        )
        for i in range(300)
    ]
    target = tmp_path / "a report's <page>.html"
    folder = synthetic.write(tmp_path / "study", runs)
    write(folder, target, most_bytes=RESERVED + 150_000, most_in_file=5_000)
    return target


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """5,000 runs."""
    from tests.collect import synthetic

    folder = tmp_path_factory.mktemp("large") / "large"
    (folder / "segments").mkdir(parents=True)
    runs = [
        run(
            f"d{i:04}",
            config={"kernel": {"name": NASTY if i % 2 else "plain"}, "seed": i},
            history=curve(i / 5000, 1 - i / 5000),
            metrics={"test_accuracy": 1 - i / 5000, "updates": 2},
        )
        for i in range(5000)
    ]
    target = folder / "report.html"
    target.write_text(page(synthetic.write(folder, runs)), encoding="utf-8")
    return target


def column(driver, name):
    heads = [th.text.rstrip(" ↕↑↓") for th in driver.find_elements(By.CSS_SELECTOR, "#table th")]
    place = heads.index(name) + 1
    cells = driver.find_elements(By.CSS_SELECTOR, f"#table tbody td:nth-child({place})")
    return [cell.text for cell in cells]


def press(driver, name, key=Keys.ENTER):
    [button] = [
        one for one in driver.find_elements(By.CSS_SELECTOR, "#table th button") if one.text == name
    ]
    button.send_keys(key)


def severe(driver):
    return [entry["message"] for entry in driver.get_log("browser")]


def test_it_opens_without_an_error_and_asks_nobody_for_anything(opened, swept):
    requested = [
        json.loads(entry["message"])["message"]["params"]["request"]["url"]
        for entry in opened.get_log("performance")
        if '"Network.requestWillBeSent"' in entry["message"]
    ]
    assert swept.as_uri() in requested
    assert {url for url in requested if not url.startswith("data:")} == {swept.as_uri()}
    assert severe(opened) == []


def test_every_figure_is_shown(opened):
    widths = opened.execute_script(
        "return [...document.querySelectorAll('#figures img')].map((one) => one.naturalWidth)"
    )
    assert len(widths) == 6
    assert min(widths) > 300
    assert opened.find_elements(By.CSS_SELECTOR, "#figures .problem") == []


def test_the_table_sorts_by_the_keyboard_too(opened):
    press(opened, "seed")
    assert column(opened, "seed") == ["0", "0", "1", "1"]
    press(opened, "seed", Keys.SPACE)
    assert column(opened, "seed") == ["1", "1", "0", "0"]
    [th] = opened.find_elements(By.CSS_SELECTOR, "#table th[aria-sort]")
    assert th.get_attribute("aria-sort") == "descending"
    assert opened.switch_to.active_element.text == "seed"  # the focus stays where it was


def test_the_table_filters_by_words_conditions_and_status(opened):
    box = opened.find_element(By.ID, "filter")
    box.send_keys("quad")
    assert column(opened, "kernel.name") == ["quadratic", "quadratic"]
    box.send_keys(" seed=1")
    assert column(opened, "seed") == ["1"]
    assert opened.find_element(By.ID, "found").text == "1 of 4 runs"
    box.clear()
    box.send_keys("seed>=1")
    assert column(opened, "seed") == ["1", "1"]


def test_a_run_opens_with_its_history_and_its_matrix(opened):
    [*_, button] = opened.find_elements(By.CSS_SELECTOR, "#table .open")
    button.send_keys(Keys.ENTER)
    [detail] = opened.find_elements(By.CSS_SELECTOR, "#table .detail")
    named = [caption.text for caption in detail.find_elements(By.TAG_NAME, "figcaption")]
    assert "test_accuracy" in named
    path = detail.find_element(By.CSS_SELECTOR, ".chart .curve").get_attribute("d")
    assert path.count("L") == 5  # six iterations
    matrix = detail.find_element(By.CSS_SELECTOR, "img.matrix")
    assert opened.execute_script("return arguments[0].naturalWidth", matrix) == 14
    assert opened.switch_to.active_element.get_attribute("aria-expanded") == "true"
    assert severe(opened) == []


def test_five_thousand_runs_stay_quick_and_hostile_names_stay_text(browser, large):
    browser.get(large.as_uri())
    assert browser.find_element(By.ID, "found").text == "5000 of 5000 runs"
    assert len(browser.find_elements(By.CSS_SELECTOR, "#table tbody tr")) == 100
    took = browser.execute_script(
        "const before = performance.now();"
        "[...document.querySelectorAll('#table th button')]"
        ".find((one) => one.textContent === 'test_accuracy').click();"
        "return performance.now() - before"
    )
    assert took < 2000  # milliseconds
    assert column(browser, "digest")[0] == "d4999"
    browser.find_element(By.ID, "next").send_keys(Keys.ENTER)
    assert browser.find_element(By.ID, "page").text == "page 2 of 50"
    assert NASTY in column(browser, "kernel.name")
    assert browser.find_elements(By.CSS_SELECTOR, "#table img[src=x]") == []
    assert severe(browser) == []


def test_a_link_to_a_run_opens_it_wherever_it_is(browser, large):
    browser.get(f"{large.as_uri()}#run-d4321")
    browser.refresh()
    [line] = browser.find_elements(By.CSS_SELECTOR, "#table tr.chosen")
    assert line.get_attribute("id") == "run-d4321"
    assert browser.find_element(By.ID, "page").text == "page 44 of 50"


def found(driver):
    return driver.find_element(By.ID, "found").text


def wait(condition, message):
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, message
        time.sleep(0.05)


def test_further_runs_are_loaded_from_beside_the_page(browser, beside):
    browser.get(beside.as_uri())
    shown = browser.execute_script(
        "return JSON.parse(document.getElementById('data-rows').textContent).runs.length"
    )
    assert 10 < shown < 290
    others = f"filters and sorting do not cover the other {300 - shown}"
    assert found(browser) == f"{shown} of the first {shown} runs; {others}"
    press(browser, "seed")
    press(browser, "seed")
    assert column(browser, "seed")[0] == str(shown - 1)
    browser.find_element(By.ID, "load").click()
    wait(lambda: found(browser) == "300 of 300 runs", found(browser))
    assert column(browser, "seed")[0] == "299"
    assert not browser.find_element(By.ID, "load").is_displayed()
    browser.find_element(By.ID, "filter").send_keys("plain")
    assert found(browser) == "150 of 300 runs"
    assert severe(browser) == []
    assert browser.find_elements(By.CSS_SELECTOR, "img[src=x]") == []


def test_a_page_without_room_for_any_run_loads_all_of_them(browser, beside):
    write(beside.with_name("study"), beside, most_bytes=0, most_in_file=5_000)
    browser.get(beside.as_uri())
    assert found(browser).startswith("0 of the first 0 runs;")
    browser.find_element(By.ID, "load").click()
    wait(lambda: found(browser) == "300 of 300 runs", found(browser))


def test_a_run_that_is_beside_the_page_opens_with_its_history(browser, beside):
    browser.get(f"{beside.as_uri()}#run-d299")
    browser.refresh()
    wait(lambda: browser.find_elements(By.CSS_SELECTOR, "#table .detail .curve"), found(browser))
    [line] = browser.find_elements(By.CSS_SELECTOR, "#table tr.chosen")
    assert line.get_attribute("id") == "run-d299"
    [path, *_] = browser.find_elements(By.CSS_SELECTOR, "#table .detail .curve")
    assert path.get_attribute("d").count("L") == 8  # nine iterations
    [chart, *_] = browser.find_elements(By.CSS_SELECTOR, "#table .detail .chart")
    assert chart.get_attribute("aria-label") == "test_accuracy: first 0.997, last 0.997"
    assert severe(browser) == []


def test_files_that_are_not_beside_the_page_are_asked_for(browser, beside):
    shutil.rmtree(beside.with_name(f"{beside.stem}-runs"))
    browser.get(beside.as_uri())
    browser.find_element(By.ID, "load").click()
    wait(lambda: "cannot be read; keep that folder" in found(browser), found(browser))
    assert len(browser.find_elements(By.CSS_SELECTOR, "#table tbody tr")) > 10
