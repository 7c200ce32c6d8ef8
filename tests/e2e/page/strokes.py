"""How a person draws the ten digits: points in hundredths of the canvas, stroke by stroke."""

from math import cos, radians, sin

Stroke = list[tuple[float, float]]


def arc(x: float, y: float, width: float, height: float, start: int, end: int) -> Stroke:
    """Return a part of an ellipse about (x, y); 0 degrees is right, 90 is down."""
    step = 12 if end > start else -12
    angles = [*range(start, end, step), end]
    return [(x + width * cos(radians(a)), y + height * sin(radians(a))) for a in angles]


DIGITS: dict[int, list[Stroke]] = {
    0: [arc(50, 50, 21, 32, -80, 284)],
    1: [[(40, 31), (53, 18), (52, 50), (51, 83)]],
    2: [[*arc(49, 34, 19, 17, -165, 30), (52, 62), (31, 80), (50, 79), (72, 80)]],
    3: [[*arc(47, 34, 18, 15, -150, 80), *arc(47, 65, 21, 17, -85, 150)]],
    4: [[(56, 18), (44, 38), (29, 57), (50, 57), (74, 56)], [(61, 38), (60, 60), (59, 84)]],
    5: [[(66, 19), (39, 20), (36, 46), *arc(48, 62, 20, 19, -115, 150)]],
    6: [[(60, 17), (44, 34), (35, 55), *arc(50, 64, 16, 17, 190, -175)]],
    7: [[(29, 23), (50, 21), (70, 22), (59, 45), (47, 83)]],
    8: [[*arc(50, 33, 15, 14, 60, -270), *arc(50, 65, 18, 18, -90, 270)]],
    9: [[*arc(49, 36, 16, 16, -20, -350), (66, 40), (62, 62), (55, 84)]],
}
