"""Writes test/fixtures/tokenizer: a small CLIP vocabulary in the layouts that repositories use, and what transformers'
CLIPTokenizer makes of many strings with each of them.

    python tools/reference/tokenizer.py [folder of a CLIP tokenizer to take the vocabulary from; default: the fixture's]
"""

import json
import random
import shutil
import sys
import tempfile
from pathlib import Path

import transformers
from transformers import CLIPTokenizer

ROOT = Path(__file__).resolve().parents[2]
TARGET = ROOT / "test/fixtures/tokenizer"
SOURCE = Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET
START, END = "<|startoftext|>", "<|endoftext|>"


def added(content, normalized):
    return dict(content=content, lstrip=False, rstrip=False, single_word=False, normalized=normalized)


CONFIG = dict(tokenizer_class="CLIPTokenizer", model_max_length=40, do_lower_case=True, add_prefix_space=False, errors="replace")
SPECIALS = dict(bos_token=added(START, True), eos_token=added(END, True), unk_token=added(END, True))

# Each layout: the files beside vocab.json and merges.txt ("tokenizer.json" alone stands for the saved fast tokenizer).
LAYOUTS = {
    "tokenizer-json": {
        "tokenizer.json": None,
        "tokenizer_config.json": {**CONFIG, "bos_token": START, "eos_token": END, "unk_token": END, "pad_token": END},
    },
    "sd1": {
        "tokenizer_config.json": {
            **CONFIG,
            **{name: {"__type": "AddedToken", **token} for name, token in SPECIALS.items()},
            "pad_token": END,
        },
        "special_tokens_map.json": {**SPECIALS, "pad_token": END},
    },
    "sd2": {
        "tokenizer_config.json": {
            **CONFIG,
            **{name: {"__type": "AddedToken", **token} for name, token in SPECIALS.items()},
            "pad_token": END,
        },
        "special_tokens_map.json": {**SPECIALS, "pad_token": "!"},
    },
    "sdxl-second": {
        "tokenizer_config.json": {
            **CONFIG,
            "added_tokens_decoder": {
                "0": {**added("!", False), "special": True},
                "START": {**added(START, True), "special": True},
                "END": {**added(END, False), "special": True},
            },
            "bos_token": START,
            "eos_token": END,
            "unk_token": END,
            "pad_token": "!",
            "clean_up_tokenization_spaces": True,
        },
        "special_tokens_map.json": {**SPECIALS, "pad_token": END},
    },
    "bare": {"tokenizer_config.json": CONFIG},
}

HAND = """photograph of a vintage car
a photo of a cat
A PHOTO OF A CAT
a  photo\tof\n a   cat
 leading and trailing 
it's Bob's, they're, we've, I'm, he'll, she'd, don't
IT'S BOB'S, THEY'RE, DON'T
it''s '' 's 't're 'S
rock'n'roll o'clock
1234567890
3 cars, 2 dogs and 10 cats
2024-01-31 12:45:00
1,000.50 $5 50% #1
(masterpiece:1.2), [low quality], {best}
!!! wow!!! what?!...
<|endoftext|>
<|startoftext|>
a <|endoftext|> b
a<|endoftext|>b
a <|ENDOFTEXT|> b
<|StartOfText|>a
<|endoftext
<| endoftext |>
<|endoftext|><|endoftext|>
hello!
!
a!b ! c
café naïve façade
CAFÉ NAÏVE
cafe\u0301 nai\u0308ve
\u00c5 \u212b A\u030a
Straße ẞ ß
ΣΊΣΥΦΟΣ ΣΑΣ ς σ
İstanbul Iğdır ı
ﬁ ﬂ ﬀ ǅ ǆ
ⅷ ⅻ ½ ² ³ ¼ ① ㊿
١٢٣ ४५६ ๑๒๓
你好 世界
日本語のテキスト カタカナ
한국어 텍스트
Привет мир ЁЛКА
שלום עולם
مرحبا بالعالم
नमस्ते दुनिया
ไทย ภาษา
🚗
🚗🏽 👩‍👩‍👧‍👦 🇩🇪 ❤️
car🚗dog🐶
a\u00a0b\u2003c\u3000d
a\u0085b
a\ufeffb
\ufeffa\ufeff!b
a\u180eb
a\u200bb\u200d\u2060
a\u001cb\u001d\u001e\u001f
a\u0000b
\u0001\u0002\u0007\u001b[31m
a\u007fb
\ufffd
\U0010ffff\U000e0001
\u0300\u0301 combining first
e\u0301\u0323 \u1e69 s\u0323\u0307 s\u0307\u0323
\u2028line\u2029para\u000bvt\u000cff
“quotes” ‘single’ it’s
en–dash em—dash … ellipsis
user@example.com https://example.com/a?b=c&d=e
C++ C# .NET node.js
snake_case camelCase kebab-case
a/b\\c|d
~`^*+=
ªº ʰ ˈ ͺ
𝐀𝐁𝐂 𝟏𝟐𝟑 𝔘𝔫𝔦
x² + y² = z²
Ⅷ ⅷ Ⓐ ⓐ
Ǆ ǅ ǆ Ǳ
ᏣᎳᎩ ꮳ
𐐀𐐨
Ა ა
ŉ ǰ ΐ
\u1e9e\u0130\u03a3""".split("\n")


def strings():
    texts = ["", " ", "\n\t ", *HAND]
    words = "a red green blue vintage car cat dog house tree moon robot photograph of the and two three castle painting".split()
    for count in (20, 37, 38, 39, 40, 60, 400):
        texts.append(" ".join(words[i % len(words)] for i in range(count)))
    texts += ["supercalifragilistic" * 30, "é" * 100, "🚗" * 50, "a" * 1000, "!" * 300, " ".join("word" for _ in range(80))]
    random.seed(7)
    alphabets = [
        "abcdefghij ABC  ",
        "abc'stremvld \"!?.,;:-",
        "0123456789 .,ab",
        "<|>endoftxsar ",
        "éèüßñçøåÉÈÜŠžſİıΣσς ",
        "".join(chr(c) for c in range(1, 128)),
        "".join(chr(c) for c in range(0x80, 0x300)) + "  ",
        "".join(chr(c) for c in range(0x2000, 0x2070)) + "ab1",
        "".join(chr(c) for c in range(0x370, 0x530) if chr(c).isprintable()) + "  ",
        "🚗🐶👩🏽‍❤️ ab1",
    ]
    for alphabet in alphabets:
        texts += ["".join(random.choice(alphabet) for _ in range(random.randint(1, 40))) for _ in range(14)]
    return list(dict.fromkeys(texts))


def main():
    vocabulary = {name: (SOURCE / name).read_text() for name in ("vocab.json", "merges.txt", "tokenizer.json")}
    vocab = json.loads(vocabulary["vocab.json"])
    shutil.rmtree(TARGET, ignore_errors=True)
    texts = strings()
    expected = {"transformers": transformers.__version__, "texts": texts, "layouts": {}}
    TARGET.mkdir(parents=True)
    for name, content in vocabulary.items():
        (TARGET / name).write_text(content)
    for layout, files in LAYOUTS.items():
        folder = TARGET / layout
        folder.mkdir()
        for name, content in files.items():
            if content is None:
                continue
            text = json.dumps(content, indent=1).replace('"START"', f'"{vocab[START]}"').replace('"END"', f'"{vocab[END]}"')
            (folder / name).write_text(text + "\n")
        with tempfile.TemporaryDirectory() as assembled:
            shutil.copytree(folder, assembled, dirs_exist_ok=True)
            for name in ["tokenizer.json"] if "tokenizer.json" in files else ["vocab.json", "merges.txt"]:
                shutil.copy(TARGET / name, assembled)
            tokenizer = CLIPTokenizer.from_pretrained(assembled)
        limit = tokenizer.model_max_length
        whole = [tokenizer(text).input_ids for text in texts]
        padded = tokenizer(texts, padding="max_length", max_length=limit, truncation=True).input_ids
        ids = []
        for row, full in zip(padded, whole):
            kept = min(len(full), limit)
            assert len(row) == limit and all(i == tokenizer.pad_token_id for i in row[kept:])
            ids.append(row[:kept])
        removed = {str(i): tokenizer.batch_decode([full[limit - 1 : -1]])[0] for i, full in enumerate(whole) if len(full) > limit}
        expected["layouts"][layout] = {"modelMaxLength": limit, "pad": tokenizer.pad_token_id, "ids": ids, "removed": removed}
    lines = json.dumps(expected, ensure_ascii=True, separators=(",", ":")).replace('],[', '],\n[').replace('","', '",\n"')
    (TARGET / "expected.json").write_text(lines + "\n")
    print(len(texts), "strings;", sum(f.stat().st_size for f in TARGET.rglob("*") if f.is_file()), "bytes")


main()
