from grokrfm.runs.record import by_cause


def test_exit_codes_and_signals_are_different_causes():
    messages = ["exited with code 0", "exited with code 7", "SystemExit: 7", "SystemExit: -9",
                "SystemExit: 12", "killed by signal 64", "killed by signal 65"]  # fmt: skip
    assert list(by_cause(enumerate(messages))) == messages


def test_failures_that_differ_in_numbers_only_have_one_cause():
    failures = [
        ("a", "disk full"),
        ("b", "iteration 3: minor 12 of 96 at 1e-08"),
        ("c", "iteration 14: minor 7 of 96 at 0.5"),
    ]
    assert list(by_cause(failures).items()) == [
        ("iteration 3: minor 12 of 96 at 1e-08", ["b", "c"]),
        ("disk full", ["a"]),
    ]
