# Ids of odd texts from transformers' CLIPTokenizer, for the tokenizer's test.
# Usage: python make-tokens-odd.py TOKENIZER_DIRECTORY > tokens-odd.json   (transformers 5.18.0, tokenizers 0.23.3)
import json
import random
import sys

from transformers import CLIPTokenizer

tokenizer = CLIPTokenizer.from_pretrained(sys.argv[1])
texts = [
    "   ", "\n\t", "I'll they've it's don't we'd I'm you're 'S 'T O'Neil's ''s '''ll", "'re're've", "a'b'c'd's't",
    "<|endoftext|> hello <|startoftext|>a", "<|ENDOFTEXT|>x", "foo<|endoftext|>bar", "<|startoftext|><|endoftext|>",
    "ΑΣ ΟΔΥΣΣΕΥΣ Σ", "İstanbul I ıi", "ß ẞ SS ǅ Ǆ ǆ", "ŉ ǰ ΐ", "Ꭰ Ꮃ ꭰ", "Ⴀ ⴀ Ა",
    "ﬁ ﬂ ½ ² Ⅷ ①", "e\u0301 \u00e9 Å \u212b", "\u0345 \u0301abc", "𝒜𝓃𝒸𝒾𝑒𝓃𝓉 𝕄𝕒𝕥𝕙", "①②③ Ⅳ ⅷ ५६",
    "👨‍👩‍👧‍👦🏳️‍🌈👍🏽", "日本語のテキスト 中文字符 한국어", "مرحبا بالعالم שלום", "ไทย हिन्दी தமிழ்",
    "a\u0000b\u0007c\u200bd\ufeffe\u00a0f\u2028g\u0085h\u3000i\u180ej", "x" * 500, "word " * 200, "🦊" * 100,
    "!!!???...---___===", "tab\tnew\nline\r\ncr", "<html>&amp;&lt;</html>", "a_b-c.d/e\\f", "http://x.y/z?a=1&b=2",
    "@user #tag $5.00 50% ^_^ :) ;-)", "a photo of zwx style, ukj style, " + "very " * 80 + "end",
]
random.seed(7)
blocks = [(32, 126), (0xA0, 0x24F), (0x370, 0x3FF), (0x400, 0x4FF), (0x5D0, 0x5EA), (0x621, 0x64A), (0x905, 0x939), (0x1E00, 0x1EFF),
          (0x2010, 0x2027), (0x2190, 0x21FF), (0x3041, 0x3096), (0x4E00, 0x4FFF), (0xAC00, 0xACFF), (0x1F600, 0x1F64F)]
for _ in range(165):
    chosen = random.sample(blocks, 3)
    characters = [chr(random.randint(*random.choice(chosen))) + random.choice(["", "", "", " "]) for _ in range(random.choice([3, 8, 20, 60]))]
    texts.append("".join(characters))
rows = []
for text in texts:
    ids = tokenizer(text, padding="max_length", max_length=77, truncation=True)["input_ids"]
    rows.append({"text": text, "input_ids": ids})
print("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]")
