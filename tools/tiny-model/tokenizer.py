"""tokenizer.py FOLDER: writes a byte-level BPE in CLIP's layout whose merges make every caption word one token. Any text encodes."""

import json
import os
import random
import sys

from transformers import CLIPTokenizer

import captions
import scenes

MAX_LENGTH = 40
CAPTIONS = 20000
END = "<|endoftext|>"
START = "<|startoftext|>"


def byte_characters():
    """The printable stand-in of each byte, in CLIP's order."""
    printable = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    return [chr(code) for code in printable + [256 + k for k in range(256 - len(printable))]]


def count_words():
    choose = random.Random(1)
    choices = (scenes.SUBJECTS, scenes.COLOUR_NAMES, scenes.STYLES, list(captions.PLACES), scenes.TIMES, scenes.WEATHERS, [1, 2, 3], scenes.SIZES)
    words = {}
    for _ in range(CAPTIONS):
        text = captions.caption(choose, *(choose.choice(names) for names in choices))
        for word in text.replace(",", " ,").split():
            words[word] = words.get(word, 0) + 1
    return words


def merge(symbols, pair):
    merged = []
    for symbol in symbols:
        if merged and (merged[-1], symbol) == pair:
            merged[-1] += symbol
        else:
            merged.append(symbol)
    return merged


def learn_merges(words):
    """Byte-pair encoding run to its end: until every word is one symbol."""
    spelled = {word: list(word[:-1]) + [word[-1] + "</w>"] for word in words}
    merges = []
    while True:
        pairs = {}
        for word, symbols in spelled.items():
            for pair in zip(symbols, symbols[1:]):
                pairs[pair] = pairs.get(pair, 0) + words[word]
        if not pairs:
            return merges
        best = max(pairs, key=lambda pair: (pairs[pair], pair))
        merges.append(best)
        spelled = {word: merge(symbols, best) for word, symbols in spelled.items()}


def write_tokenizer(folder):
    os.makedirs(folder, exist_ok=True)
    base = byte_characters()
    merges = learn_merges(count_words())
    entries = base + [symbol + "</w>" for symbol in base] + ["".join(pair) for pair in merges] + [START, END]
    vocabulary = {entry: i for i, entry in enumerate(dict.fromkeys(entries))}
    special = dict(bos_token=START, eos_token=END, unk_token=END, pad_token=END)
    settings = dict(special, tokenizer_class="CLIPTokenizer", model_max_length=MAX_LENGTH, do_lower_case=True, add_prefix_space=False, errors="replace")
    with open(folder + "/merges.txt", "w") as file:
        file.write("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges))
    for name, content in (("vocab", vocabulary), ("special_tokens_map", special), ("tokenizer_config", settings)):
        with open(f"{folder}/{name}.json", "w") as file:
            json.dump(content, file, ensure_ascii=False)
    CLIPTokenizer.from_pretrained(folder).backend_tokenizer.save(folder + "/tokenizer.json")


if __name__ == "__main__":
    write_tokenizer(sys.argv[1])
