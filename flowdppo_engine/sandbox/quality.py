"""Picture quality: clean colours, clean edges, no debris. What reinforcement learning can destroy."""

import numpy as np
import torch

from flowdppo_engine.sandbox.components import FOREGROUND_DISTANCE, PALETTE, PAPER, Components, find_components

COLOUR_TOLERANCE = 0.12
PAPER_TOLERANCE = 0.10
# Object pixels nearer to the palette than this are solid; the others are edges.
SOLID_DISTANCE = 0.2
# A pixel between these shares of the way from paper to palette colour is an edge pixel.
EDGE_SHARES = (0.15, 0.85)
# A clean antialiased outline has about this many edge pixels for each pixel of sqrt(area).
CLEAN_EDGE_PIXELS = 3.6


def picture_quality(images: torch.Tensor) -> torch.Tensor:
    """Quality of pictures [B, 3, 64, 64] in [0, 1] as float32 [B] in [0, 1]: the product of three parts.

    Colours: object pixels near the palette and paper near its own colour. Edges: as few half-covered pixels as a clean
    outline has. Debris: share of the object pixels that belong to an object of a kind. An empty picture has quality 0.
    """
    pixels = images.detach().float().clamp(0, 1).permute(0, 2, 3, 1).contiguous().cpu().numpy()
    components = find_components(pixels)
    to_palette, to_paper = _distance_to_palette(pixels), np.sqrt(((pixels - PAPER) ** 2).sum(-1))
    colours = clean_colours(to_palette, to_paper)
    edges = clean_edges(to_palette, to_paper, components)
    return torch.from_numpy((colours * edges * no_debris(components, len(pixels))).astype(np.float32))


def clean_colours(to_palette: np.ndarray, to_paper: np.ndarray) -> np.ndarray:
    """[B]: mean closeness of solid object pixels to the palette, times that of plain paper to its colour.

    Both arguments are [B, 64, 64] distances in RGB.
    """
    objects = to_paper > FOREGROUND_DISTANCE
    solid = objects & (to_palette < SOLID_DISTANCE)
    paper = to_paper < FOREGROUND_DISTANCE / 2
    colour = _mean_where(np.exp(-((to_palette / COLOUR_TOLERANCE) ** 2)), solid)
    return colour * _mean_where(np.exp(-((to_paper / PAPER_TOLERANCE) ** 2)), paper)


def clean_edges(to_palette: np.ndarray, to_paper: np.ndarray, components: Components) -> np.ndarray:
    """[B]: edge pixels that clean outlines would have over those there are, at most 1; 0 without an object."""
    share = to_paper / np.maximum(to_paper + to_palette, 1e-6)
    edge_pixels = ((share > EDGE_SHARES[0]) & (share < EDGE_SHARES[1])).sum((1, 2))
    expected = np.bincount(components.image, CLEAN_EDGE_PIXELS * np.sqrt(components.area), len(share))
    return np.minimum(1, expected / np.maximum(edge_pixels, 1))


def no_debris(components: Components, num_images: int) -> np.ndarray:
    """[B]: share of the object area that belongs to an object of a kind."""
    area = np.bincount(components.image, components.area, num_images)
    good = np.bincount(components.image, components.area * components.object_probability(), num_images)
    return good / np.maximum(area, 1)


def _distance_to_palette(pixels: np.ndarray) -> np.ndarray:
    """[B, 64, 64]: distance to the nearest palette colour, through |p|² − 2 p·c + |c|², which is one small product."""
    squares = (pixels**2).sum(-1)[..., None] - 2 * (pixels @ PALETTE.T) + (PALETTE**2).sum(-1)
    return np.sqrt(np.maximum(squares.min(-1), 0))


def _mean_where(values: np.ndarray, where: np.ndarray) -> np.ndarray:
    return (values * where).sum((1, 2)) / np.maximum(where.sum((1, 2)), 1)
