"""The reference data is whole."""

import pytest

from matching import municipalities
from matching.municipalities import size_band

pytestmark = pytest.mark.pure


def test_all_municipalities_and_counties_are_there() -> None:
    places = municipalities().values()
    assert [sum(place.kind == kind for place in places) for kind in ("municipality", "county")] == [357, 15]
    assert len({place.display_name for place in places}) == 372
    assert municipalities()["11"].name == "Rogaland"


def test_neighbours_are_mutual_and_exist() -> None:
    known = municipalities()
    for place in known.values():
        assert all(place.number in known[other].neighbours for other in place.neighbours)


def test_what_is_unknown_is_none() -> None:
    assert municipalities()["1146"].language_form is None
    assert municipalities()["11"].kostra_group is None


@pytest.mark.parametrize(("population", "band"), [(599, 0), (600, 1), (9_999, 2), (10_000, 3), (75_000, 7)])
def test_size_bands_are_ssbs(population: int, band: int) -> None:
    assert size_band(population) == band
