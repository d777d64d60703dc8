"""Texts for the text towers: plain, long beyond the context, with marks, other scripts, nothing."""

TEXTS = [
    "a photo of a cat",
    "A PHOTO  of\ta\nDog!!!",
    "three red circles on a white background",
    "it's they're I'd we've don't I'll 2026-11-21 3.14159",
    "naïve café Ångström Zürich straße",
    "日本語のテキスト 한국어 приве́т",
    "emoji 😀🎉",
    "",
    " ".join(["long"] * 200),
]
