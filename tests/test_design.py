"""Points of a sweep: every combination, spread over ranges, or from a table; wrong ones are refused with the remedy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sim.errors import InputError
from sim.experiments.design import Design, grid, latin_hypercube, table


def test_a_grid_is_every_combination_in_order() -> None:
    made = grid(["a.b=1,2", "c=[1, 2],x"])
    assert made == Design("--grid", ("a.b", "c"), (("1", "[1, 2]"), ("1", "x"), ("2", "[1, 2]"), ("2", "x")))
    assert made.values(2) == {"a.b": "2", "c": "[1, 2]"}


def test_a_latin_hypercube_meets_each_part_of_each_range_once() -> None:
    made = latin_hypercube(["a=0:1", "b=-10:10"], points=8, seed=3)
    numbers = np.array(made.points, dtype=float)
    parts = np.floor((numbers - [0, -10]) / [1, 20] * 8)
    assert np.sort(parts, axis=0).tolist() == [[part, part] for part in range(8)]
    assert made == latin_hypercube(["a=0:1", "b=-10:10"], points=8, seed=3)
    assert made != latin_hypercube(["a=0:1", "b=-10:10"], points=8, seed=4)


def test_whole_numbers_are_whole_and_each_is_as_likely() -> None:
    made = latin_hypercube(["beds=10:13:whole"], points=40, seed=1)
    values = [int(value) for (value,) in made.points]
    assert [values.count(number) for number in (10, 11, 12, 13)] == [10, 10, 10, 10]


def test_a_table_is_read_as_spreadsheets_write_it(tmp_path: Path) -> None:
    file = tmp_path / "points.csv"
    file.write_bytes('\ufeffa.b,c\r\n 1 ,"[2, 3]"\r\n\r\n4,5\r\n'.encode())
    assert table(file) == Design("--design", ("a.b", "c"), (("1", "[2, 3]"), ("4", "5")))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a=", "is not PATH=V1,V2"),
        ("=1,2", "is not PATH=V1,V2"),
        ("a=1,,2", "empty value"),
        ("a=1,1", "names a value twice"),
        (f"a={','.join(map(str, range(1001)))}", "name fewer values"),
    ],
)
def test_a_wrong_list_is_refused(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        grid([text, f"b={','.join(map(str, range(1000)))}"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a=1", "two numbers"),
        ("a=1:2:3", "two numbers"),
        ("a=low:high", "two numbers"),
        ("a=2:1", "must be less"),
        ("a=0:inf", "must be less"),
        ("a=0.5:3:whole", "whole numbers"),
    ],
)
def test_a_wrong_range_is_refused(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        latin_hypercube([text], points=4, seed=1)


def test_a_path_given_twice_is_refused() -> None:
    with pytest.raises(InputError, match="given twice"):
        grid(["a=1,2", "a=3"])


@pytest.mark.parametrize(
    ("content", "line", "said"),
    [
        (b"a,b\n", 0, "needs a line of paths"),
        (b"a,a\n1,2\n", 1, "a path of its own"),
        (b"a,b\n1,2\n3\n4,\n", 3, "1 values for 2 paths"),
        (b"a,b\n1,2\n3,4\n4,\n", 4, "b is empty"),
        (b"a\n\xff\xfe\n", 0, "cannot be read"),
    ],
)
def test_a_wrong_table_is_refused_with_its_line(tmp_path: Path, content: bytes, line: int, said: str) -> None:
    file = tmp_path / "points.csv"
    file.write_bytes(content)
    with pytest.raises(InputError, match=said) as refused:
        table(file)
    assert (refused.value.problems[0].file, refused.value.problems[0].line) == (str(file), line)


def test_a_table_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        table(tmp_path / "nothing.csv")
