"""What is said of a picture, in many ways; and what a caption asks of one."""

import numpy as np

from shapes import Scene

NUMBERS = {1: ["one", "a", "a single", "1"], 2: ["two", "2", "a pair of"], 3: ["three", "3"], 4: ["four", "4"]}
COLOUR_WORDS = {
    "red": ["red", "scarlet", "crimson"],
    "orange": ["orange"],
    "yellow": ["yellow", "golden"],
    "green": ["green", "emerald"],
    "blue": ["blue", "azure"],
    "purple": ["purple", "violet"],
    "pink": ["pink", "rose"],
    "black": ["black", "dark"],
}
KIND_WORDS = {
    "circle": [("circle", "circles"), ("disc", "discs"), ("dot", "dots"), ("ball", "balls")],
    "square": [("square", "squares"), ("box", "boxes"), ("block", "blocks")],
    "triangle": [("triangle", "triangles"), ("pyramid", "pyramids")],
    "star": [("star", "stars")],
    "cross": [("cross", "crosses"), ("plus sign", "plus signs")],
    "ring": [("ring", "rings"), ("hoop", "hoops"), ("donut", "donuts")],
}
PATTERN_WORDS = {
    "plain": ["a plain background", "an empty background", "a blank background"],
    "striped": ["a striped background", "stripes", "a background with lines"],
    "checkered": ["a checkered background", "a checkerboard", "a chessboard"],
    "dotted": ["a dotted background", "a background with small spots", "polka spots"],
}
FRAMES = [
    "{}", "a photo of {}", "a picture of {}", "an image of {}", "a drawing of {}", "{} drawn on paper", "there is {}",
    "this shows {}", "we see {}", "{}.", "an illustration with {}", "A PICTURE OF {}",
]  # fmt: skip
# Never seen in training.
HELD_OUT_FRAMES = ["a snapshot of {}", "my favourite poster has {}", "look, {}!", "a rendering that contains {}"]


def choose(words, rng):
    return words[int(rng.integers(len(words)))]


def caption(scene: Scene, rng: np.random.Generator, frames=FRAMES):
    """A caption that is true of the scene, and which parts of it it names."""
    names = rng.uniform(size=4) < (0.85, 0.85, 0.6, 0.4)
    if not names.any():
        names[int(rng.integers(4))] = True
    return write(scene, names, rng, frames), names


def write(scene: Scene, names, rng, frames=FRAMES):
    has_colour, has_kind, has_count, has_pattern = names
    one, many = choose(KIND_WORDS[scene.kind], rng) if has_kind else choose([("shape", "shapes"), ("thing", "things")], rng)
    is_many = scene.count > 1 if has_count else rng.uniform() < 0.3
    thing = many if is_many else one
    words = [choose(NUMBERS[scene.count], rng)] if has_count else ([] if is_many else ["a"])
    if has_colour:
        words.append(choose(COLOUR_WORDS[scene.colour], rng))
    phrase = " ".join([*words, thing])
    if has_pattern:
        phrase += f" {choose(['on', 'in front of', 'over'], rng)} {choose(PATTERN_WORDS[scene.pattern], rng)}"
    return choose(frames, rng).format(phrase)


def matches(scene: Scene, other: Scene, names) -> bool:
    """Whether a caption of `other` that names these parts is true of `scene`."""
    return all(a == b for a, b, named in zip(scene[:4], other[:4], (names[0], names[1], names[2], names[3])) if named)
