import numpy as np
import pytest
import torch
from PIL import Image, ImageSequence

from flowdppo_engine.evaluation.picture_files import save_picture


def test_an_image_is_kept_to_the_last_bit(tmp_path):
    image = torch.rand(3, 5, 7)
    path = save_picture(image, tmp_path / "0000")
    assert path == tmp_path / "0000.png"
    with Image.open(path) as picture:
        assert picture.size == (7, 5)
        pixels = np.asarray(picture)
    np.testing.assert_array_equal(pixels, image.mul(255).round().permute(1, 2, 0).numpy())


@pytest.mark.parametrize("num_frames", [1, 5, 81])
def test_a_video_keeps_its_frames_in_their_order(tmp_path, num_frames):
    """A square that walks from left to right: in each frame it stands where it stood."""
    video = torch.zeros(num_frames, 3, 32, 97)
    for frame in range(num_frames):
        video[frame, :, 8:24, frame : frame + 16] = 1.0
    path = save_picture(video, tmp_path / "0003")
    assert path == tmp_path / "0003.webp"
    frames = _frames(path)
    assert frames.shape == (num_frames, 3, 32, 97)
    bright = frames.mean(dim=(1, 2))
    places = torch.arange(97.0)
    centres = (bright * places).sum(dim=1) / bright.sum(dim=1)
    expected = torch.tensor([frame + 7.5 for frame in range(num_frames)])
    torch.testing.assert_close(centres, expected, atol=1.0, rtol=0)


def test_a_video_plays_at_sixteen_frames_a_second_and_again(tmp_path):
    path = save_picture(torch.rand(33, 3, 16, 16), tmp_path / "0000")
    with Image.open(path) as picture:
        assert picture.info["loop"] == 0
        durations = []
        for frame in ImageSequence.Iterator(picture):
            frame.load()
            durations.append(frame.info["duration"])
    assert set(durations) <= {62, 63}
    assert sum(durations) == pytest.approx(1000 * 33 / 16, abs=1)


def _frames(path) -> torch.Tensor:
    with Image.open(path) as picture:
        frames = [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(picture)]
    return torch.from_numpy(np.stack(frames)).permute(0, 3, 1, 2) / 255
