import itertools

import pytest
import torch

from flowdppo_engine.training.diversity import pixel_spread, thumbnails


def test_spread_is_the_root_mean_square_over_all_pairs():
    small = torch.rand(8, 12)
    groups = small.view(2, 4, 12)
    expected = [
        torch.stack([(a - b).square().mean() for a, b in itertools.combinations(group, 2)]).mean().sqrt()
        for group in groups
    ]
    torch.testing.assert_close(pixel_spread(small, group_size=4), torch.stack(expected))


def test_a_group_of_one_picture_has_no_spread():
    assert pixel_spread(torch.rand(1, 12).expand(3, 12), group_size=3).item() == 0


@pytest.mark.parametrize("size", [(64, 64), (64, 96), (32, 32)])
def test_thumbnails_average_pixels(size):
    image = torch.rand(2, 3, *size)
    small = thumbnails(image).view(2, 3, 32, 32)
    rows, columns = size[0] // 32, size[1] // 32
    torch.testing.assert_close(small[1, 2, 0, 1], image[1, 2, :rows, columns : 2 * columns].mean())


def test_a_tiny_image_stays_as_it_is():
    image = torch.rand(2, 3, 8, 16)
    torch.testing.assert_close(thumbnails(image), image.flatten(1))


def test_every_frame_of_a_video_counts():
    video = torch.rand(2, 5, 3, 64, 64)
    assert thumbnails(video).shape == (2, 5 * 3 * 32 * 32)
    torch.testing.assert_close(thumbnails(video)[1].view(5, -1)[3], thumbnails(video[1, 3][None])[0])
