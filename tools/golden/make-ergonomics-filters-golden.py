"""Golden figures of the filters that smooth keypoints: SciPy's zero-phase Butterworth, and the One Euro filter of its
authors.

    python3 -m venv /tmp/golden && /tmp/golden/bin/pip install scipy numpy OneEuroFilter
    /tmp/golden/bin/python tools/golden/make-ergonomics-filters-golden.py

Writes packages/workers/src/ergonomics/testdata/filters-golden.json. Seeded.
"""

import json
import pathlib

import numpy as np
from OneEuroFilter import OneEuroFilter
from scipy.signal import butter, filtfilt

OUT = pathlib.Path(__file__).parents[2] / "packages/workers/src/ergonomics/testdata/filters-golden.json"
rng = np.random.default_rng(20)


def signal(n):
    return np.round(np.cumsum(rng.normal(0, 4, n)) + rng.normal(0, 1, n) + 300, 3)


butterworth = []
for fps, cutoff, n in [(30, 6, 30), (25, 6, 60), (29.97, 3, 47), (60, 6, 12), (10, 4.5, 25), (120, 1, 90)]:
    x = signal(n)
    b, a = butter(2, cutoff / (fps / 2))
    y = filtfilt(b, a, x)
    butterworth.append(
        {
            "fps": fps,
            "cutoff_hz": cutoff,
            "b": [round(v, 9) for v in b.tolist()],
            "a": [round(v, 9) for v in a.tolist()],
            "input": x.tolist(),
            "output": np.round(y, 7).tolist(),
        }
    )

one_euro = []
for fps, min_cutoff, beta, n in [(30, 4, 1.5, 40), (30, 1, 0.007, 40), (25, 1, 0, 30)]:
    x = signal(n)
    # Timestamps that are not even; the authors' filter takes a first time of 0 for none.
    t = np.round(1 + np.cumsum(rng.uniform(0.7, 1.3, n)) / fps, 4)
    one = OneEuroFilter(freq=fps, mincutoff=min_cutoff, beta=beta, dcutoff=1.0)
    one_euro.append(
        {
            "min_cutoff_hz": min_cutoff,
            "beta": beta,
            "times": t.tolist(),
            "input": x.tolist(),
            "output": [round(one(float(v), float(s)), 7) for v, s in zip(x, t)],
        }
    )

OUT.write_text(json.dumps({"butterworth": butterworth, "one_euro": one_euro}) + "\n")
print(OUT)
