"""Makes the tokenizer.json of the demo CLIP model and the golden ids of its tests.

Needs `tokenizers` (the library behind CLIPTokenizerFast) and the vocabulary file of the open_clip_torch package (MIT):

    pip download --no-deps open_clip_torch
    unzip open_clip_torch-*.whl open_clip/bpe_simple_vocab_16e6.txt.gz
    python make-clip-tokenizer.py open_clip/bpe_simple_vocab_16e6.txt.gz
"""

import gzip
import json
import sys
from pathlib import Path

from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers
from tokenizers.models import BPE
from tokenizers.processors import RobertaProcessing

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "packages/workers/src/models/demo-clip/tokenizer.json"
GOLDEN = ROOT / "packages/workers/src/clip/testdata/token-ids.json"
START, END = "<|startoftext|>", "<|endoftext|>"
WORDS = r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"

TEXTS = [
    "a photo of a cat",
    "A Photo  of\ta\nCAT!!!",
    "three red circles on a white background",
    "it's they're I'd we've don't I'll 'S 'RE",
    "2026-11-21 12:30, 3.14159 and 1,000,000",
    "naïve café Ångström e\u0301 Zürich straße İstanbul",
    "日本語のテキスト 中文 한국어",
    "emoji 😀🎉 👨‍👩‍👧 flags 🇩🇪",
    "приве́т мир Ελληνικά العربية עברית",
    "<html> &amp; x < y && z || a_b-c/d\\e",
    "<|endoftext|> inside <|startoftext|> a text",
    "\u200bzero width\u00a0no-break\u3000ideographic\u2028line",
    "",
    "   ",
    "!",
    "a" * 300,
    "supercalifragilisticexpialidocious antidisestablishmentarianism",
    " ".join(["long"] * 200),
    " ".join(f"word{n}" for n in range(40)),
    "٣ ½ ² ① Ⅷ",
]


def byte_symbols():
    kept = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    rest = [byte for byte in range(256) if byte not in kept]
    return [chr(byte) for byte in kept] + [chr(256 + place) for place in range(len(rest))]


def main(vocabulary: str) -> None:
    lines = gzip.open(vocabulary).read().decode().split("\n")
    merges = lines[1 : 49152 - 256 - 2 + 1]
    symbols = byte_symbols()
    tokens = symbols + [symbol + "</w>" for symbol in symbols]
    tokens += ["".join(merge.split()) for merge in merges] + [START, END]
    vocab = {token: number for number, token in enumerate(tokens)}
    assert len(vocab) == 49408
    pairs = [tuple(merge.split()) for merge in merges]
    tokenizer = Tokenizer(BPE(vocab, pairs, unk_token=END, end_of_word_suffix="</w>", fuse_unk=False))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(WORDS), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    tokenizer.post_processor = RobertaProcessing(
        (END, vocab[END]), (START, vocab[START]), False, False
    )
    tokenizer.add_special_tokens([START, END])
    written = json.loads(tokenizer.to_str())
    # Half the size: `left right` instead of two strings, as older exports have it.
    written["model"]["merges"] = merges
    MODEL.parent.mkdir(parents=True, exist_ok=True)
    MODEL.write_text(json.dumps(written, ensure_ascii=False, separators=(",", ":")) + "\n")

    tokenizer.enable_truncation(77)
    tokenizer.enable_padding(length=77, pad_id=vocab[END], pad_token=END)
    golden = [{"text": text, "ids": tokenizer.encode(text).ids} for text in TEXTS]
    GOLDEN.parent.mkdir(parents=True, exist_ok=True)
    rows = ",\n".join("  " + json.dumps(row, ensure_ascii=True, separators=(",", ":")) for row in golden)
    GOLDEN.write_text(f"[\n{rows}\n]\n")


if __name__ == "__main__":
    main(sys.argv[1])
