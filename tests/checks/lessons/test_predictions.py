"""The predictions of all lessons: their outcomes."""

import pytest

from unet_complexity.checks.lessons import PREDICTIONS


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("a doubled side", "x 4"),
        ("convolution after a copy", "x 4"),
        ("share after copies", "88.85 %"),
        ("6 x 6 pixels", "324 or 256"),
        ("2 channels, 4 filters", "x 8"),
        ("twice as wide", "x 4"),
        ("twice the kernel", "x 3.9948"),
        ("elements of 4 x 4 x 3", "192"),
        ("multiplications of 4 x 4 x 3", "0"),
        ("the larger pass", "the second"),
        ("fewest pixels", "4"),
        ("most pixels", "9"),
        ("a smaller kernel", "a larger share"),
        ("largest block", "u4 or u5 or u6"),
        ("fourteen steps", "x 1.0065"),
        ("parameters of twice the filters", "x 3.999"),
        ("memory of twice the filters", "x 1.953"),
        ("parameters of twice the depth", "x 256.6"),
        ("fullest moment", "16.78 million"),
        ("largest by smallest", "x 2"),
        ("tools that count a copy", "10"),
        ("seconds of the copies", "5.2 %"),
        ("seconds of the last convolution", "16 %"),
        ("twice the bandwidth", "x 1.021"),
        ("power of the side", "N^1.86"),
        ("busiest level of the file", "level 1 or level 2"),
        ("memory on the top level", "55.9 %"),
        ("the file twice as wide", "x 3.975"),
    ],
)
def test_outcomes_are_those_of_the_notebooks(name, outcome):
    assert PREDICTIONS[name].was() == outcome


def test_every_outcome_is_tested_above():
    (mark,) = test_outcomes_are_those_of_the_notebooks.pytestmark
    assert [name for name, _ in mark.args[1]] == list(PREDICTIONS)
