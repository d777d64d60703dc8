"""Makes the references that packages/workers/test/contracts.int.test.ts compares with: a virtual environment with the
official packages, then what each of them says about the same pictures.

    python3 tools/contracts/make.py [--only clip-transformers ...]

Needs Python 3.11 or later, 7 GB for the packages and 3 GB for models and tensors, all in .cache/contracts (or
SPILLWAY_CONTRACTS_DIR), which may be deleted. Nothing but the packages is downloaded: weights are random.
"""

import argparse
import hashlib
import os
import pathlib
import subprocess
import sys
import venv

from cache import CACHE

HERE = pathlib.Path(__file__).resolve().parent
REQUIREMENTS = HERE / "requirements.txt"
SCRIPTS = {
    "clip-transformers": ["clip_transformers.py"],
    "clip-open-clip": ["clip_open_clip.py"],
    "rf-detr-small": ["rf_detr.py", "--variant", "small"],
    "rf-detr-medium": ["rf_detr.py", "--variant", "medium"],
    "rf-detr-transformers": ["rf_detr_transformers.py"],
    "sam2-tiny": ["sam2.py"],
    "vitpose-base": ["vitpose_transformers.py"],
    "vitpose-plus": ["vitpose_transformers.py", "--plus"],
}


def prepare_python():
    """The interpreter of the environment, made anew when requirements.txt is another one."""
    folder = CACHE / "venv"
    python = folder / "bin/python"
    stamp = folder / "requirements.sha256"
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        if not python.exists():
            venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "-r", REQUIREMENTS], check=True)
        stamp.write_text(wanted)
    return python


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=SCRIPTS, nargs="+", default=list(SCRIPTS))
    only = parser.parse_args().only
    if sys.version_info < (3, 11):
        raise SystemExit(f"The packages need Python 3.11 or later; this is {sys.version.split()[0]}.")
    python = prepare_python()
    for name in only:
        print(f"{name} …", flush=True)
        log = CACHE / f"{name}.log"
        with log.open("w") as output:
            environment = {**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONWARNINGS": "ignore"}
            script, *arguments = SCRIPTS[name]
            made = subprocess.run([python, HERE / script, *arguments], env=environment, stdout=output, stderr=output)
        if made.returncode != 0:
            raise SystemExit(f"{name} failed; its last lines, the others are in {log}:\n" + "".join(log.open().readlines()[-15:]))
        print(log.open().readlines()[-1], end="", flush=True)


if __name__ == "__main__":
    main()
