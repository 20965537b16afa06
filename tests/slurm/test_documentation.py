"""The blocks of docs/ that need a cluster work as pasted."""

import pytest

from tests import documentation

pytestmark = pytest.mark.slurm


@pytest.mark.parametrize("page", documentation.pages("slurm"))
def test_the_slurm_blocks_of_a_page_work_as_pasted(page, tmp_path):
    documentation.check(page, tmp_path, ["slurm"])
