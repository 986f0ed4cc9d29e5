import pytest
import torch

from flowdppo_engine.training.parts import cut_tiles, deal, own_part


@pytest.mark.parametrize(("num_groups", "group_size", "num_parts"), [(4, 8, 2), (5, 3, 4), (3, 4, 5), (2, 2, 1)])
def test_parts_hold_every_image_once_in_even_sizes(num_groups, group_size, num_parts):
    parts = deal(num_groups, group_size, num_parts, 0)
    assert sorted(torch.cat(parts).tolist()) == list(range(num_groups * group_size))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize(("num_groups", "group_size", "num_parts"), [(4, 8, 2), (5, 3, 4), (32, 16, 3)])
def test_every_group_is_spread_evenly(num_groups, group_size, num_parts):
    for part in deal(num_groups, group_size, num_parts, 1):
        members = torch.bincount(part // group_size, minlength=num_groups)
        assert members.max() - members.min() <= 1


def test_order_depends_on_the_key_alone():
    assert all(map(torch.equal, deal(4, 4, 2, 0, "a"), deal(4, 4, 2, 0, "a")))
    assert not torch.equal(deal(4, 4, 2, 0, "a")[0], deal(4, 4, 2, 0, "b")[0])


def test_tiles_cover_the_grid_once():
    rows = torch.tensor([5, 2, 9, 1, 7])
    tiles = list(cut_tiles(rows, num_slots=3, tile_samples=2, tile_slots=2))
    cells = [(row, slot) for tile in tiles for row in tile.rows.tolist() for slot in tile.slots]
    assert sorted(cells) == sorted((row, slot) for row in rows.tolist() for slot in range(3))
    assert len(tiles) == 6 and max(len(tile.rows) for tile in tiles) == 2


def test_no_rows_no_tiles():
    assert list(cut_tiles(torch.tensor([], dtype=torch.long), 2, 4, 1)) == []


def test_processes_have_each_image_of_a_part_once():
    rows = deal(4, 4, 2, 0)[0]
    shares = [own_part(rows, range(start, start + 8)) for start in (0, 8)]
    assert sorted([*shares[0].rows.tolist(), *(shares[1].rows + 8).tolist()]) == sorted(rows.tolist())
    assert [share.num_images for share in shares] == [len(rows)] * 2
