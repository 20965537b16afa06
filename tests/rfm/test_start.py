import numpy as np
import pytest
import torch

from grokrfm.checks import SettingError, within
from grokrfm.kernels import Gaussian, Quadratic
from grokrfm.rfm import RFM, Identity, Reflection, Stored
from grokrfm.rfm.start import examples
from grokrfm.tasks import abelian, addition, multiplication
from tests import oracles

CPU = torch.device("cpu")


def machine(dtype="float64"):
    return RFM(
        iterations=4,
        ridge=1e-8,
        solver="cholesky",
        agop_power=0.5,
        centering=True,
        dtype=dtype,
        max_growth=1e6,
        stop_change=None,
        stop_patience=5,
        checkpoint_seconds=60,
        memory_budget=None,
        batch=1,
    )


def matrix(start, task, kernel=None, dtype="float64"):
    start.check(task)
    return start.matrix(task, kernel or Quadratic(), machine(dtype), CPU)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_identity_starts_every_coordinate_alike(dtype):
    M = matrix(Identity(), addition(5), dtype=dtype)
    assert torch.equal(M, torch.eye(10, dtype=getattr(torch, dtype)))


@pytest.mark.parametrize("kernel", [Gaussian(2.5), Quadratic()], ids=["gaussian", "quadratic"])
@pytest.mark.parametrize(
    ("task", "element", "held_out"),
    [
        (addition(7), 2, lambda a: (a + 2) % 7),
        (multiplication(7, False), 3, lambda a: 3 * a % 7),
        (abelian([2, 3]), [1, 2], lambda a: ((a[0] + 1) % 2, (a[1] + 2) % 3)),
    ],
)
def test_a_reflection_starts_from_what_a_run_without_its_fixed_points_learns(
    task, element, held_out, kernel
):
    elements = task.group.elements
    is_held_out = np.array([elements[b] == held_out(elements[a]) for a, b in task.pairs])
    assert is_held_out.sum() == task.order
    train, test = (
        examples(task, np.flatnonzero(mask), CPU) for mask in (~is_held_out, is_held_out)
    )
    start = torch.eye(task.width, dtype=torch.float64)
    *_, last = machine().steps(kernel, train, test, task.classes, start)
    assert torch.equal(matrix(Reflection(element), task, kernel), last.next_M)


@pytest.mark.parametrize(
    ("task", "element", "message"),
    [
        (addition(5), 5, "5 is not an element of Z5; its elements run from 0 to 4"),
        (addition(5), [1], "[1] is not an element of Z5"),
        (multiplication(7, False), 0, "0 is not an element of the units mod 7"),
        (abelian([2, 3]), 1, "1 is not an element of Z2 x Z3"),
    ],
)
def test_a_start_from_no_reflection_is_refused_before_anything_runs(task, element, message):
    with pytest.raises(SettingError) as refusal, within("start"):
        Reflection(element).check(task)
    assert str(refusal.value).startswith(f"start.element: {message}")


@pytest.fixture
def stored(tmp_path):
    def save(array):
        path = tmp_path / "M.npy"
        np.save(path, array)
        return Stored(str(path))

    return save


@pytest.fixture
def symmetric():
    M = oracles.random_feature_matrix(10, torch.Generator().manual_seed(0))
    return (M + M.T) / 2  # to the last bit, which a product of matrices need not be


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_stored_matrix_starts_as_it_was_saved(stored, symmetric, dtype):
    M = matrix(stored(symmetric.numpy()), addition(5), dtype=dtype)
    assert torch.equal(M, symmetric.to(getattr(torch, dtype)))


def test_a_stored_matrix_loses_its_rounding_asymmetry(stored, symmetric):
    M = symmetric.numpy().copy()
    M[0, 1] += 1e-12
    found = matrix(stored(M), addition(5))
    assert torch.equal(found, found.T)
    assert float(found[0, 1]) == pytest.approx(M[1, 0] + 5e-13, abs=1e-15)


def with_entry(M, value):
    changed = M.numpy().copy()
    changed[0, 1] = value
    return changed


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda M: M[:9, :9].numpy(), "must hold one (10, 10) matrix, not (9, 9)"),
        (lambda M: M[:, :9].numpy(), "must hold one (10, 10) matrix, not (10, 9)"),
        (lambda M: M[0].numpy(), "must hold one (10, 10) matrix, not (10,)"),
        (lambda M: M[None].numpy(), "must hold one (10, 10) matrix, not (1, 10, 10)"),
        (lambda M: with_entry(M, M[1, 0] + 1e-3), "the matrix must be finite and symmetric"),
        (lambda M: with_entry(M, np.nan), "the matrix must be finite and symmetric"),
        (lambda M: np.full((10, 10), np.nan), "the matrix must be finite and symmetric"),
        (lambda M: np.full((10, 10), np.inf), "the matrix must be finite and symmetric"),
    ],
)
def test_a_stored_matrix_that_is_no_feature_matrix_is_refused(stored, symmetric, spoil, message):
    start = stored(spoil(symmetric))
    with pytest.raises(SettingError) as refusal, within("start"):
        start.check(addition(5))
    assert str(refusal.value) == f"start.path: {start.path}: {message}"


def test_a_stored_file_that_is_not_there_is_named(tmp_path):
    path = str(tmp_path / "nowhere.npy")
    with pytest.raises(SettingError) as refusal:
        Stored(path).check(addition(5))
    assert str(refusal.value) == f"path: {path}: cannot be read (No such file or directory)"


def test_a_folder_is_no_stored_matrix(tmp_path):
    with pytest.raises(SettingError, match=r"cannot be read \(Is a directory\)"):
        Stored(str(tmp_path)).check(addition(5))


@pytest.mark.parametrize(
    "content", [b"", b"1,0\n0,1\n", b"\x80\x04N.", b"PK\x03\x04broken", b"\x93NUMPY\x01\x00"]
)
def test_a_file_that_is_not_npy_is_refused(tmp_path, content):
    path = tmp_path / "M.npy"
    path.write_bytes(content)
    with pytest.raises(SettingError, match=r"cannot be read \(not a \.npy file\)"):
        Stored(str(path)).check(addition(5))


def test_a_truncated_file_is_refused(tmp_path, symmetric):
    path = tmp_path / "M.npy"
    np.save(path, symmetric.numpy())
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(SettingError, match=r"cannot be read \(not a \.npy file\)"):
        Stored(str(path)).check(addition(5))


def test_an_array_of_objects_is_never_unpickled(tmp_path):
    path = tmp_path / "M.npy"
    np.save(path, np.full((10, 10), None), allow_pickle=True)
    with pytest.raises(SettingError, match=r"cannot be read \(not a \.npy file\)"):
        Stored(str(path)).check(addition(5))


def test_an_archive_of_arrays_is_refused(tmp_path, symmetric):
    path = tmp_path / "M.npz"
    np.savez(path, M=symmetric.numpy())
    with pytest.raises(SettingError, match=r"must hold one \(10, 10\) matrix, not an archive"):
        Stored(str(path)).check(addition(5))


@pytest.mark.parametrize(
    "array", [np.eye(10, dtype=complex), np.eye(10, dtype=bool), np.full((10, 10), "x")]
)
def test_a_stored_matrix_that_is_not_of_real_numbers_is_refused(array, tmp_path):
    np.save(tmp_path / "M.npy", array)
    with pytest.raises(SettingError, match="must hold real numbers"):
        matrix(Stored(str(tmp_path / "M.npy")), addition(5))


def test_a_stored_matrix_of_integers_is_read_by_value(tmp_path):
    np.save(tmp_path / "M.npy", np.diag(np.full(10, 200, dtype=np.uint8)))
    assert torch.equal(
        matrix(Stored(str(tmp_path / "M.npy")), addition(5)),
        200 * torch.eye(10, dtype=torch.float64),
    )
