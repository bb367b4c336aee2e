"""Golden token ids and chat-template renderings of real tokenizers.

Purpose: expected values for the tokenizer and chat-template tests, from transformers itself.
Needs:   the packages of requirements.txt; folders phi-2, phi-3-mini, phi-3-medium, llama2 and falcon
         with tokenizer.json (and tokenizer_config.json, except falcon).
         The folders of --small may need sentencepiece and protobuf (those with a tokenizer.model).
Usage:   make_tokenizer_golden.py --tokenizers DIR --out FILE.json
         make_tokenizer_golden.py --small DIR --out FILE.json
         make_tokenizer_golden.py --templates DIR --out FILE.json

The file holds `strings` once; `tokenizers.<name>.ids[i]` belongs to `strings[i]` (default special
tokens, no truncation); `truncated.ids.<name>[i]` to `truncated.strings[i]` with
max_length = `truncated.max_length`; `chat.<name>` holds user prompts and their renderings with a
generation prompt; `templates` holds hand-written templates with `rendered` or `error`.

With --templates: `rendered`, `error` (raise_exception's words) or `fails` (any other exception) of every
.jinja file in DIR for every conversation in `conversations`, and of every template in `features`. A date is
recorded as <now:FORMAT>.

With --small: the same `strings`, `tokenizers` and `truncated` for every folder in DIR, in fewer strings.
"""
import argparse
import json
from pathlib import Path

import jinja2
from transformers import AutoTokenizer, PreTrainedTokenizerFast
from transformers.utils import chat_template_utils
from transformers.utils.chat_template_utils import render_jinja_template

from reference import versions, write_json

ENCODED = ("phi-2", "phi-3-mini", "llama2", "falcon")
CHAT = ("phi-3-mini", "phi-3-medium")
TRUNCATED_LENGTH = 16

SCRIPTS = """\
Grüße aus Köln, Füße, Straße, ÄÖÜ ẞ
Le cœur a ses raisons que la raison ne connaît point — n'est-ce pas ?
El niño comió piñas; ¿cuándo? ¡Mañana!
Příliš žluťoučký kůň úpěl ďábelské ódy
Zażółć gęślą jaźń
Árvíztűrő tükörfúrógép
Iñtërnâtiônàlizætiøn
Þórður á Íslandi, Æsir, ðat
Tiếng Việt có dấu: Chữ Quốc ngữ
İstanbul'da ılık bir IŞIK; i̇
Съешь же ещё этих мягких французских булок, да выпей чаю
Їжак і ґанок під дощем
Ξεσκεπάζω την ψυχοφθόρα βδελυγμία
ἐν ἀρχῇ ἦν ὁ λόγος
Բարեւ աշխարհ
გამარჯობა მსოფლიო
שלום עולם, מה שלומך?
בְּרֵאשִׁית בָּרָא אֱלֹהִים
مرحبا بالعالم، كيف حالك؟
السَّلَامُ عَلَيْكُمْ ١٢٣٤٥
سلام دنیا ۱۲۳ می‌خواهم
ہیلو دنیا
नमस्ते दुनिया, क्षत्रिय १२३
বাংলা ভাষায় লেখা
வணக்கம் உலகம்
తెలుగు భాష
ಕನ್ನಡ ಭಾಷೆ
മലയാളം ഭാഷ
ગુજરાતી ભાષા
ਪੰਜਾਬੀ ਭਾਸ਼ਾ
සිංහල භාෂාව
สวัสดีชาวโลก ภาษาไทย ๑๒๓
ສະບາຍດີ
မင်္ဂလာပါ
ភាសាខ្មែរ
བོད་སྐད
你好，世界！今天天气怎么样？
繁體中文與简体中文
日本語のテキスト、カタカナとひらがな。
ﾊﾝｶｸ ｶﾅ ＡＢＣ１２３
안녕하세요 세계
안녕
አማርኛ ሰላም
ᏣᎳᎩ ᎦᏬᏂᎯᏍᏗ
ᐃᓄᒃᑎᑐᑦ
ᚠᛇᚻ᛫ᛒᛦᚦ
𐌲𐌿𐍄𐌰 𐌹𐍃𐍄
𓀀𓁐 𓂀
𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𝓼𝓬𝓻𝓲𝓹𝓽 𝟘𝟙𝟚
𠀀𠮷野家 𪚥
ＦＵＬＬ　ＷＩＤＴＨ　ＴＥＸＴ
Mixed: hello мир 世界 عالم עולם world""".split("\n")

EMOJI = ["😀", "😀😃😄", "👩‍👩‍👧‍👦", "👍🏽", "👩🏿‍💻 codes", "🏳️‍🌈", "🇩🇪🇫🇷🇯🇵", "1️⃣2️⃣#️⃣", "❤️ vs ❤", "☀︎☀️", "🧑‍🚀🚀 to the 🌕",
         "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "text😀text", " 😀 ", "🤷🏼‍♀️¯\\_(ツ)_/¯", "👨🏻‍🤝‍👨🏿", "🫠🫡🪿", "⌚️⏰"]

COMBINING = ["e\u0301 vs \u00e9", "a\u0300\u0301\u0302\u0303", "Z\u0351\u036b\u0343a\u0363\u0348l\u034eg\u0321o\u0334", "\u0301leading mark",
             "n\u0303o\u0308", "\u1100\u1161\u11a8", "\uac01", "\u212b \u00c5 A\u030a", "\ufb01 \ufb03 \u0149", "\u0958 \u0915\u093c", "\u0344",
             "q\u0323\u0307 q\u0307\u0323", "\u2126 \u03a9", "\u00bd \u2153 \u00b2 \u2460 \u2167"]

INVISIBLE = ["a\u200bb", "a\u200cb", "a\u200db", "a\u2060b", "\ufeffBOM first", "middle\ufeffBOM", "soft\u00adhyphen", "\u200elrm \u200frlm",
             "\u202dabc\u202c", "\u2067rtl\u2069", "no\u00a0break", "\u00a0\u00a0", "thin\u2009space", "em\u2003space \u2003\u2003x",
             "ideographic\u3000space", "\u1680ogham", "\u2028line sep\u2029para", "\u0085nel\u0085", "\u180emvs", "\u061calm",
             "\ufe0f", "\u034f", "\u115f\u1160", "\u3164"]

CONTROL = ["\x00", "a\x00b", "\x00\x00\x00", "\x01\x02\x03\x04", "bell\x07", "back\x08space", "\x0bvertical\x0b\x0btab", "form\x0cfeed",
           "\x1b[31mred\x1b[0m", "\x1c\x1d\x1e\x1f", "\x7fdel", "\x80\x81\x9f", "a\rb", "a\r\nb", "\r\n\r\n", "\r\r\r", "\n\r", "a\tb\tc",
           "\t", "\t\t\tx", " \t \t x", "x \t", "\n", "\n\n", "x\n", "\nx", " \n ", "x \n y", "x\n\n\n  y", "line one\nline two\r\nline three\rline four"]

PLANES = ["\ue000\uf8ff", "\U000f0000\U0010fffd", "\ufdd0", "\uffff", "\ufffd", "\U0001fbf0", "\U00012000", "\U0001d11e", "\U000e0001",
          "\U00020000\U0002fa1f", "\U0001f0a1", "\u2800\u28ff", "\ua000", "\u3400", "\uffee", "\U0010ffff", "x\U0001f9ffy", "\U0003134a"]

SPACES = ["", " ", "  ", "   ", " a", "  a", "   a", "a ", "a  ", "a   ", " a ", "  a  ", "a b", "a  b", "a   b", "a    b", "leading  and   trailing    ",
          " ▁ ", "▁", "▁▁x", "x▁y", "▁ x", "a \u00a0 b", " .", " ,x", ". . .", " - ", "  \n", "\n  ", " \u3000 ", "Hello   World  !", "\t a", "a\n b"]

CODE = [
    "def f(x):\n    return x ** 2\n",
    "class A:\n\tdef __init__(self):\n\t\tself.x = {'a': [1, 2, 3]}\n",
    "for i in range(10):\n        if i % 2 == 0:\n                print(f\"{i:>4}\")\n",
    "#include <vector>\nint main() { std::vector<int> v{1,2,3}; return v[0] << 2; }\n",
    "template <typename T, std::size_t N>\nconstexpr auto size(const T (&)[N]) noexcept -> std::size_t { return N; }",
    "fn main() {\n    let s: &'static str = \"hi\";\n    println!(\"{s:?}\");\n}",
    "const f = async (x) => { await g(x?.y ?? 0); return `${x}`; };",
    "SELECT a.id, COUNT(*) FROM t AS a WHERE a.x >= 3.5 AND b <> 'it''s' GROUP BY 1;",
    "<html><body class=\"x\">&nbsp;<!-- c --></body></html>",
    "{\"key\": [1, 2.5e-3, null, true], \"nested\": {\"a\": \"\\u00e9\\n\"}}",
    "#!/bin/bash\nset -euo pipefail\nfor f in *.txt; do echo \"$f\" | sed 's/a/b/g' >> out; done",
    "\\begin{equation} \\frac{\\partial L}{\\partial w} = \\sum_{i=1}^{n} x_i \\end{equation}",
    "x += 1;//comment\n/* block\n * comment\n */\n",
    "public static void main(String[] args) throws Exception { int[] a = new int[]{1}; }",
    "package main\n\nimport \"fmt\"\n\nfunc main() {\n\tfmt.Println(\"hi\")\n}\n",
    "main :: IO ()\nmain = mapM_ print $ filter (\\x -> x `mod` 2 == 0) [1..10]",
    "(define (fact n) (if (= n 0) 1 (* n (fact (- n 1)))))",
    "if (a&&b||!c) { x->y.z[0]--; } else { *p++ = ~q ^ r; }",
    "- item: value\n  list:\n    - a\n    - b # comment\n",
    "| a | b |\n|---|:-:|\n| 1 | 2 |\n",
    "```python\nprint('x')\n```\n\n> quote\n\n* **bold** _it_ `code`",
    "diff --git a/x b/x\n@@ -1,3 +1,4 @@\n-old\n+new\n",
    "0x1F 0b1010 0o17 1_000_000 3.14f 1e-10 0xDEADBEEF",
    "a" + "(" * 20 + ")" * 20 + ";" * 10,
    "====----____####****////\\\\\\\\",
]

NUMBERS = ["0", "7", "42", "123", "1234", "12345", "123456", "1234567", "12345678901234567890", "3.14159265358979", "1,000,000.00", "-273.15", "+49 (0)30 1234567",
           "2024-02-29T12:34:56Z", "v1.2.3-rc.4", "1st 2nd 3rd 4th", "50%", "$9.99 €5 ¥100 £3", "½+¼", "१२३ ١٢٣ １２３", "1a2b3c", "abc123def", "000000", "9" * 60,
           "192.168.0.1", "10^6 10⁶ H₂O", "12 345 678", "007", "1.", ".5"]

SPECIAL = [form.format(token)
           for token in ("<|endoftext|>", "<s>", "</s>", "<unk>", "<|user|>", "<|end|>", "<|assistant|>", "<|system|>", ">>TITLE<<")
           for form in ("{}", "a{}b", "a {} b", " {} ", "{0}{0}", "\n{}\n")]
SPECIAL += ["<|user|>\nHi<|end|>\n<|assistant|>\n", "<|endoftext", "<|endoftext|", "|endoftext|>", "<|ENDOFTEXT|>", "<| endoftext |>", "<s", "< s >", "<s><s> <s>  <s>",
            "<|user|>   x", "<|placeholder1|>x", "<0x41>", "<0x0A>", "[INST] hi [/INST]", "<pad>", "[PAD]", ">>ANSWER<< 42"]

SMALL_SPECIAL = [form.format(token)
                 for token in ("<mask>", "[MASK]", "[SEP]", "<|im_start|>", "<|begin_of_text|>", "<bos>", "<start_of_turn>", "<BOS_TOKEN>",
                               "|||IP_ADDRESS|||", "<|extratoken_1|>", "<fim_prefix>", "<think>", "<|sep|>", "<pad>", "[INST]")
                 for form in ("{}", "a {} b", "{0}{0}")]
SMALL_SPECIAL += ["[ MASK ]", "[mask]", "<MASK>", "ÀÉÎÕÜ Ñandú Ça", "Ünïcödé façade", "漢字かな交じり文", "1234 5678 90", "x=12345;"]

PROSE = [
    "Hello, world!", "hello", "Hello", "HELLO", "hELLO wORLD", "camelCaseAndPascalCase snake_case kebab-case SCREAMING_SNAKE",
    "I'm you're he's she'd we'll they've it's don't can't won't", "I'M YOU'RE HE'S SHE'D WE'LL THEY'VE", "I’m you’re it’s don’t", "'tis 'twas o'clock rock'n'roll y'all'd've",
    "'s 't 're 've 'm 'll 'd", "''s  's x's's", "“Curly” ‘quotes’ — dashes – and… ellipsis", "\"quoted\" 'single' `back`", "Mr. Smith went to Washington, D.C., at 3 p.m.",
    "What?! No way!!! Really???", "...", "!!!", "?", "a", "I", "A B C D E", "the the the the the", "The quick brown fox jumps over the lazy dog.",
    "To be, or not to be, that is the question:\nWhether 'tis nobler in the mind to suffer", "antidisestablishmentarianism", "Donaudampfschifffahrtsgesellschaftskapitän",
    "pneumonoultramicroscopicsilicovolcanoconiosis", "Lopado­temacho­selacho", "a" * 200, "ab" * 300, "xyz" * 120 + " end", "é" * 80, "世" * 60, "😀" * 40,
    "supercalifragilisticexpialidocious" * 6, "aA" * 40, "lorem ipsum " * 30, "-" * 100, "=" * 73, "_" * 33, "." * 65, "~!@#$%^&*()_+`-={}|[]\\:\";'<>?,./",
    "https://example.org/path/to/page?query=a%20b&x=1#frag", "http://user:pw@[::1]:8080/~me/index.html", "mailto:someone@example.org", "www.example.org", "ftp://x.y/z.tar.gz",
    "C:\\Users\\me\\file.txt", "/usr/local/lib/python3.11/site-packages", "foo@bar.baz", "#hashtag @mention", "naïve café résumé", "co-operate re-enter", "e.g., i.e., etc.",
    "x=y+z", "a/b", "a|b", "a\\b", "(parentheses)[brackets]{braces}<angles>", "Yes/No", "and/or", "A&B", "rock & roll", "100m²", "±5°C", "←↑→↓ ⇒ ∀x∈ℝ: x²≥0", "∑∏∫√∞≠≈", "♠♥♦♣ ☭ ☯", "─│┌┐└┘█▓▒░", "™®©§¶†‡•",
    "ﬁnance oﬃce", "ſtraße", "Ǆ ǅ ǆ", "ΑΒΓ αβγς", "Å", "ß ẞ SS", "ı I İ i", "\u1e9b\u0323",
    "QWERTYUIOPASDFGHJKLZXCVBNM", "qwertyuiopasdfghjklzxcvbnm", "zxqj vkw", "aaa bbb ccc  ddd   eee    fff",
]

TRUNCATED = ["", "short", "Hello, world!", "The quick brown fox jumps over the lazy dog and runs away from the angry bear in the deep forest.",
             "word " * 40, " " * 60, "\n" * 40, "\t" * 40, "1234567890" * 8, "😀" * 20, "世界" * 20, "a" * 100, "<|endoftext|>" * 20, "<s>" * 20, "<|user|> " * 20,
             "def f(x):\n    return x\n\n\ndef g(y):\n        return f(y) + 1\n", "don't won't can't shan't I'll you've he'd she's they're we'm o'clock",
             "مرحبا بالعالم كيف حالك اليوم", "exactly sixteen tokens or so might be in this very sentence, or not quite", "x\x00y\x00z\x00" * 8]

CHAT_PROMPTS = ["What is the capital of France and what is its population?", "", "  padded  ", "line one\nline two\n", "Translate: 'Straße' → English 😀",
                "<|user|>\nnested<|end|>\n", "{{ not a template }} {% nor this %}", "tab\tand \"quotes\" & <angles>"]

TURNS = [{"role": "system", "content": " Be brief. "}, {"role": "user", "content": "Hi there! "}, {"role": "assistant", "content": "<think>hm</think> Hello."},
         {"role": "user", "content": "Bye 'now' & \"then\" é😀"}]
ALTERNATION = ("{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
               "{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}")

TEMPLATES = {
    "chatml": "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}"
              "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
    "loop-first-last": "{% for message in messages %}{% if loop.first and message.role != 'system' %}{{ bos_token }}{% endif %}"
                       "{{ loop.index }}/{{ loop.length }}:{{ message.content | trim }}{% if not loop.last %}{{ '\n' }}{% else %}{{ eos_token }}{% endif %}{% endfor %}",
    "system-slice": "{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{% set system_message = messages[0]['content'].strip() %}"
                    "{% else %}{% set loop_messages = messages %}{% set system_message = false %}{% endif %}"
                    "{% for message in loop_messages %}{% if loop.index0 == 0 and system_message != false %}{% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + message['content'] %}"
                    "{% else %}{% set content = message['content'] %}{% endif %}{% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}"
                    "{% elif message['role'] == 'assistant' %}{{ ' ' + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}",
    "alternation-error": ALTERNATION + "{{ message['content'] }}{% endfor %}",
    "unknown-role-error": "{%- for m in messages -%}{%- if m.role not in ['user', 'assistant'] -%}{{ raise_exception('Unknown role: ' ~ m.role) }}{%- endif -%}{{ m.content }}{%- endfor -%}",
    "namespace": "{%- set ns = namespace(count=0, last='none') -%}\n{%- for message in messages %}\n{%- if message['role'] == 'user' %}{% set ns.count = ns.count + 1 %}{% set ns.last = message['content'] %}{% endif %}\n"
                 "{%- endfor %}\nusers: {{ ns.count }}, last: {{ ns.last }}",
    "think-split": "{% for m in messages %}{% set content = m.content %}{% if '</think>' in content %}{% set content = content.split('</think>')[-1].lstrip() %}{% endif %}"
                   "{% if content.startswith('Hi') %}[greeting]{% endif %}{% if content.endswith('.') %}[dot]{% endif %}{{ m.role.upper() }}: {{ content.rstrip() }}|{% endfor %}",
    "tojson": "{% for message in messages %}{{ message | tojson }}\n{% endfor %}{{ {'b': [1, 2.5, true, none], 'a': 'x<y>&\\'z'} | tojson }}\n{{ messages[0] | tojson(indent=2) }}",
    "is-defined": "{% if tools is defined and tools is not none %}tools{% else %}no tools{% endif %};{% if custom is defined %}{{ custom }}{% else %}undefined{% endif %};"
                  "{{ 'yes' if add_generation_prompt is defined and add_generation_prompt else 'no' }};{{ missing | default('fallback') }};{% if messages[0].content is string %}string{% endif %};{% if not missing %}falsy{% endif %}",
    "macro": "{% macro turn(role, content, end='<|end|>') -%}\n<|{{ role }}|>\n{{ content }}{{ end }}\n{%- endmacro %}\n{% for m in messages %}\n{{ turn(m.role, m.content | trim) }}\n{% endfor %}\n{{ turn('assistant', '', end='') }}",
    "concatenation": "{{ bos_token ~ messages | length ~ ':' ~ messages[-1]['content'] + '!' }}{{ ['a', 'b', 'c'] | join('-') }}{{ 7 // 2 }}{{ 7 % 4 }}{{ 2 * 3 - 1 }}{{ true }}{{ none }}{{ 1.0 }}{{ 'ab' * 2 }}",
    "whitespace-control": "  {%- for m in messages -%}  \n  {{- m.role -}}  ,\n  {% endfor %}\n\n{# comment #}\n  {% if true %}\n    indented\n  {% endif %}\nend\n",
    "llama3": "{% set loop_messages = messages %}{% for message in loop_messages %}{% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'+ message['content'] | trim + '<|eot_id|>' %}"
              "{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}{{ content }}{% endfor %}{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}",
    "gemma": "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}" + ALTERNATION +
             "{% if (message['role'] == 'assistant') %}{% set role = 'model' %}{% else %}{% set role = message['role'] %}{% endif %}"
             "{{ '<start_of_turn>' + role + '\n' + message['content'] | trim + '<end_of_turn>\n' }}{% endfor %}{% if add_generation_prompt %}{{'<start_of_turn>model\n'}}{% endif %}",
    "loopcontrols": "{% for m in messages %}{% if m.role == 'system' %}{% continue %}{% endif %}{% if loop.index > 3 %}{% break %}{% endif %}{{ m.content | upper | replace('!', '?') }}{% if loop.previtem is defined %}<{{ loop.previtem.role }}{% endif %};{% endfor %}",
    "selectattr": "{% set users = messages | selectattr('role', 'equalto', 'user') | list %}{{ users | length }}{% for u in users | reverse %}{{ u['content'][:2] }}{{ u.content[::-1] }}{% endfor %}"
                  "{% for k, v in messages[0].items() %}{{ k }}={{ v }};{% endfor %}{{ messages[0].get('name', 'anon') }}{{ messages | map(attribute='role') | join(',') }}",
}


CONVERSATIONS = {
    "user": [{"role": "user", "content": " What is 2 + 2?\n"}],
    "system-user": [{"role": "system", "content": "Be brief. "}, {"role": "user", "content": "Straße \"é\" 😀"}],
    "two-turns": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "<think>\nhm\n</think>\n\nHello. "}, {"role": "user", "content": "Bye"}],
    "system-two-turns": TURNS,
    "ends-with-assistant": TURNS[1:3],
    "two-users": [TURNS[1], TURNS[3]],
}

# Each a template of its own, with ¶ for a line end: what real templates use, and what of it differs easily between Jinja and others.
FEATURES = r"""
{{ messages[0].content.split(' ') }}{{ 'a  b c'.split() }}{{ 'a,b,c'.split(',', 1) }}
{{ '  x '.strip() }}|{{ 'xxaxx'.strip('x') }}|{{ '  a'.lstrip() }}|{{ 'a  '.rstrip() }}|{{ 'aab'.lstrip('a') }}|{{ 'baa'.rstrip('a') }}
{{ 'hello world'.title() }}{{ 'hello World'.capitalize() }}{{ 'aB'.lower() }}{{ 'aB'.upper() }}
{{ 'abc'.find('c') }}{{ 'abc'.rfind('z') }}{{ 'abcabc'.count('bc') }}
{{ 'abc'.startswith(('x', 'a')) }}{{ 'abc'.endswith('c') }}{{ 'abc'.isalpha() }}{{ '12'.isdigit() }}{{ ' '.isspace() }}
{{ 'a'.replace('a', 'b') }}{{ 'aaa'.replace('a', 'b', 2) }}{{ 'aaa' | replace('a', 'b') }}
{{ '-'.join(['a', 'b']) }}{{ ['a', 1, none] | join('-') }}{{ [1, 2] | join }}
{{ '%s' | format('x') }}
{{ '{} {}'.format('a', 1) }}
{{ 'abc'[0] }}{{ 'abc'[-1] }}{{ 'abc'[1:] }}{{ 'abc'[:-1] }}{{ 'abcdef'[::2] }}{{ 'abc'[::-1] }}
{{ messages[1:] }}{{ messages[:1] }}{{ messages[-1] }}{{ messages[5:] }}
{{ messages[99] }}|{{ messages[99] is defined }}|{{ messages[0].nothing }}|{{ messages[0]['nothing'] is defined }}
{{ [1, 2] + [3] }}{{ [0] * 3 }}{{ 'ab' * 2 }}{{ (1, 2)[0] }}{{ (1, 2) | length }}
{{ 7 / 2 }} {{ 6 / 2 }} {{ 7 // 2 }} {{ -7 // 2 }} {{ 7 % 3 }} {{ -7 % 3 }} {{ 2 ** 10 }} {{ -3 }} {{ 1.5 + 1 }} {{ 0.1 + 0.2 }}
{{ 1 == 1.0 }}{{ 'a' < 'b' }}{{ 1 < 2 < 3 }}{{ not true }}{{ none == false }}{{ '' == none }}{{ [1] == [1] }}{{ 1 in [1] }}{{ 'b' in 'abc' }}{{ 'k' in {'k': 1} }}{{ 3 not in [1] }}
{{ true and 'x' }}{{ '' or 'y' }}{{ none or 0 }}{{ messages and '' }}|{{ not '' }}
{{ 'a' if missing else 'b' }}{{ 'a' if false }}|{{ missing }}|{{ missing ~ 'x' }}
{{ missing + 'x' }}
{{ 'x' + missing }}
{{ 'x' + 1 }}
{{ 1 + none }}
{{ missing.attribute }}
{{ none.attribute }}|
{{ none['x'] }}|
{{ missing | length }}{{ missing | upper }}|{{ missing | default('d') }}|{{ none | default('d') }}|{{ '' | default('d', true) }}|{{ missing | d('e') }}
{{ none | length }}
{{ none | trim }}|{{ 5 | trim }}|{{ ' x ' | trim }}|{{ 'xyx' | trim('x') }}
{{ 'x' | unknown_filter }}
{{ 'x'.unknown_method() }}
{{ unknown_function() }}
{% for i in missing %}x{% endfor %}empty
{% for i in [] %}x{% else %}none{% endfor %}
{% for i in range(3) %}{{ i }}{% endfor %}{% for i in range(1, 7, 2) %}{{ i }}{% endfor %}{{ range(3) | list }}
{% for c in 'abc' | list %}{{ c }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.depth }}{% endfor %}
{% for i in [1, 2, 3, 4] if i % 2 == 0 %}{{ loop.index }}:{{ i }}{% if not loop.last %},{% endif %}{% endfor %}
{% for i in [1, 1, 2] %}{{ loop.cycle('a', 'b') }}{{ loop.changed(i) }}{{ loop.nextitem is defined }}{% endfor %}
{% for k, v in {'b': 1, 'a': 2}.items() %}{{ k }}={{ v }};{% endfor %}{% for k in {'b': 1, 'a': 2} %}{{ k }}{% endfor %}{% for k, v in {'b': 1} | items %}{{ k }}{{ v }}{% endfor %}
{{ {'b': 1, 'a': 2} | dictsort | map('first') | list }}{{ {'b': 1, 'a': 2}.keys() | list }}{{ {'b': 1}.values() | list }}{{ {'a': 1}.get('z', 'd') }}{{ {'a': 1} | length }}
{{ {'a': 1}.update({'b': 2}) }}
{{ [1].append(2) }}
{% set x = [] %}{% for i in [1, 2] %}{% set x = x + [i] %}{% endfor %}{{ x }}
{% set ns = namespace(x=[], n=0) %}{% for i in [1, 2] %}{% set ns.x = ns.x + [i] %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.x }}{{ ns.n }}
{% set ns = namespace() %}{{ ns.missing is defined }}{% set ns.a = 1 %}{{ ns.a }}
{% set ns = namespace({'a': 1}) %}{{ ns.a }}
{% set block %}a {{ 1 + 1 }}¶b{% endset %}[{{ block }}]{{ block | length }}{{ block ~ 'c' }}
{% set block | upper %}abc{% endset %}{{ block }}
{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set c = 'x' if a else 'y' %}{{ c }}
{% if true %}{% set inner = 1 %}{% endif %}{{ inner }}{% for i in [1] %}{% set lost = 1 %}{% endfor %}{{ lost is defined }}
{% macro f(a, b='B', c=none) %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ f('x') }}{{ f('x', c=1) }}{{ f(b=1, a=2) }}{{ f() }}
{% macro f(x) %}[{{ x }}{{ caller() }}]{% endmacro %}{% call f('a') %}body{% endcall %}
{% macro f(n) %}{{ n }}{% if n > 0 %}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(3) }}
{% macro f() %}  x  {% endmacro %}[{{ f() }}][{{ f() | trim }}]{{ f().strip() }}{{ f() is string }}{{ f() | length }}
{% filter upper %}abc{% endfilter %}{% raw %}{{ x }}{% endraw %}{# comment #}{% with a = 1 %}{{ a }}{% endwith %}
{{ messages | map(attribute='role') | list }}{{ ['a', 'b'] | map('upper') | join }}{{ messages | map(attribute='nothing') | list | length }}
{{ messages | selectattr('role', 'equalto', 'user') | list | length }}{{ messages | selectattr('role', '==', 'user') | list | length }}{{ messages | selectattr('nothing') | list }}{{ messages | selectattr('nothing', 'defined') | list }}
{{ messages | rejectattr('role', 'in', ['user']) | list | length }}{{ [1, 2, 3] | select('odd') | list }}{{ [1, 0] | select | list }}{{ [1, 2] | reject('equalto', 1) | list }}
{{ [3, 1, 2] | sort }}{{ [3, 1] | sort(reverse=true) }}{{ ['b', 'A'] | sort }}{{ messages | sort(attribute='content') | map(attribute='content') | list }}
{{ [1, 2, 1] | unique | list }}{{ [1, 2] | first }}{{ [1, 2] | last }}{{ [] | first }}|{{ [1, 2] | sum }}{{ [1, 3] | max }}{{ [1, 3] | min }}{{ [1, 2] | reverse | list }}{{ 'abc' | reverse }}
{{ '3' | int + 1 }}{{ 3.7 | int }}{{ '1.5' | float }}{{ -2 | abs }}{{ 2.567 | round(1) }}{{ 2.6 | round }}{{ 2 | round }}
{{ 'a b' | title }}{{ 'aB' | capitalize }}{{ 'aB' | lower }}{{ 'abc' | list }}{{ 5 | string ~ 'x' }}
{{ 'a\nb' | indent(2) }}|{{ 'a\nb' | indent(2, true) }}|{{ 'a\n\nb' | indent }}|{{ 'a\nb' | indent(width=1, first=true) }}
{{ [1, 2, 3] | batch(2) | list }}{{ messages | groupby('role') | list | length }}
{{ '<a>&' | escape }}{{ '<b>' | safe }}{{ '<b>' }}{{ '<b>' | e | length }}
{{ {'a': '<é😀>&\'"\\\\'} | tojson }}{{ [1, 2.0, 1e30, none, true] | tojson }}{{ 'x' | tojson }}{{ {} | tojson }}{{ [] | tojson(indent=2) }}
{{ {'a': [1, {'b': 2}], 'c': {}} | tojson(indent=4) }}{{ {'b': 1, 'a': 2} | tojson(sort_keys=true) }}{{ [1, 2] | tojson(separators=(',', ':')) }}{{ 'é' | tojson(ensure_ascii=true) }}
{{ (1, 2) | tojson }}{{ {1: 'a', none: 'b', true: 'c'} | tojson }}{{ missing | tojson }}
{{ 1 is number }}{{ 'a' is string }}{{ [] is iterable }}{{ 'a' is iterable }}{{ {} is mapping }}{{ [] is sequence }}{{ 'a' is sequence }}{{ {} is sequence }}{{ true is boolean }}{{ 1 is integer }}{{ 1.0 is float }}{{ none is none }}{{ true is true }}{{ 1 is true }}{{ false is false }}{{ true is number }}
{{ 3 is odd }}{{ 4 is even }}{{ 6 is divisibleby(3) }}{{ 6 is divisibleby 4 }}{{ 1 is eq(1) }}{{ 1 is equalto 1 }}{{ 2 is gt 1 }}{{ 'a' is in(['a']) }}{{ none is sameas none }}{{ 'A' is upper }}{{ 'a' is lower }}
{{ missing is undefined }}{{ missing is none }}{{ missing is string }}{{ missing is mapping }}{{ missing is iterable }}{{ missing == none }}{{ missing == missing }}{{ missing in ['a'] }}{{ 'a' in messages[0] }}{{ messages[0].content is defined and messages[0].content is not none }}
{{ tools is defined }}{{ tools is none }}{{ tools }}{{ documents }}{{ not tools }}{{ (tools or []) | length }}
{{ raise_exception is defined }}{{ strftime_now is defined }}{{ namespace is defined }}{{ range is defined }}{{ bos_token is defined }}{{ dict is defined }}
{{ dict(a=1, b='x') }}{{ dict(a=1).a }}{{ {'items': 1}['items'] }}
{{ {'a': {'b': [1, 2]}}.a.b[1] }}{{ {'a-b': 1}['a-b'] }}{{ messages.0.role }}{{ [10, 20].1 }}
{{ 'line' ~ '\n' ~ 'tab\t' ~ "it's" ~ 'q"' ~ '\\\\' ~ '\u00e9' ~ '\x41' }}
{{ "a" "b" }}
{{ 'é'.upper() }}{{ 'ß'.upper() }}{{ 'İ'.lower() }}{{ '😀é' | length }}{{ '😀é'[1] }}
{{ 1_000 }}{{ 0x1f }}{{ 1e3 }}{{ 1.0e-7 }}{{ 123456789012345678 }}{{ 1 / 3 }}{{ 100000000000000000000.0 }}
{{ true }}{{ True }}{{ False }}{{ None }}{{ none }}{{ [true, none, 'x', 1.0] }}{{ {'a': none} }}
{%- if x is not defined %}{% set x = 3 %}{% endif -%}  {{ x }}  {%- if x %}  y  {% endif %}
   {% if true %}   ¶  a¶  {%- endif %}¶ b {#- c -#} d¶   {# e #}   ¶f
{%+ if true %} a {%+ endif %} b
{% generation %}x{% endgeneration %}{%- generation -%} y {%- endgeneration -%}
{% for m in messages %}{% if m.role == 'system' %}{% continue %}{% endif %}{{ m.role }}{% break %}{% endfor %}
{% for m in messages recursive %}{{ m.role }}{% if m.children %}{{ loop(m.children) }}{% endif %}{% endfor %}
{{ strftime_now('%Y-%m-%d') }} {{ strftime_now('%d %b %Y') }} {{ strftime_now('%A %B') }}
{{ raise_exception('no ' ~ messages[0].role) }}
{% if messages | length > 99 %}{{ raise_exception('never') }}{% endif %}fine
{% do messages.append(1) %}
{% unknown_tag %}
{% if %}x{% endif %}
{% for x in y %}never closed
{{ 'unclosed
{{ (1 + 2 }}
{% include 'other' %}
{% block a %}b{% endblock %}
{% autoescape true %}{{ '<' }}{% endautoescape %}
{{ messages | tojson }}
{{ messages }}
{{ messages[0].items() | map('last') | list }}{{ messages[0] | list }}{{ messages[0] | items | map('first') | list }}
{{ ['x'] is string or 'y' }}{{ (messages[0].content | trim).split('\n')[0] }}{{ (messages | first).role }}{{ (messages | last)['role'] }}
{{ 'abc' | truncate(2) }}{{ 'a' | center(5) }}|{{ 'hello world foo' | truncate(8) }}|{{ 'ab' | attr('nothing') }}
{{ 'a\nb'.splitlines() }}
{{ [1, [2, 3]] }}{{ [1, 1].count(1) }}
{{ messages[0].__class__ }}
"""[1:-1].split("\n")


class FixedClock:
    """Renders a date as its format, which a test can fill in."""

    @staticmethod
    def now():
        return FixedClock

    @staticmethod
    def strftime(format):
        return f"<now:{format}>"


def templates_golden(folder):
    chat_template_utils.datetime = FixedClock

    def outcome(template, messages, add_generation_prompt):
        try:
            rendered, _ = render_jinja_template([messages], chat_template=template, add_generation_prompt=add_generation_prompt,
                                                bos_token="<s>", eos_token="</s>")
            return dict(rendered=rendered[0])
        except Exception as error:
            return dict(error=str(error)) if type(error) is jinja2.exceptions.TemplateError else dict(fails=f"{type(error).__name__}: {error}")

    files = [dict(name=path.name, conversation=name, add_generation_prompt=prompt) | outcome(path.read_text(encoding="utf-8"), messages, prompt)
             for path in sorted(folder.glob("*.jinja")) for name, messages in CONVERSATIONS.items() for prompt in (True, False)]
    features = [dict(template=text) | outcome(text, CONVERSATIONS["system-user"], True)
                for text in (line.replace("¶", "\n") for line in FEATURES)]
    return dict(versions=versions(), conversations=CONVERSATIONS, files=files, features=features)


def whitespace_runs():
    """Runs of every length 1..40, alone for spaces and before a word for tabs and newlines."""
    for length in range(1, 41):
        yield " " * length + "x"
        yield "y" + " " * length
        yield "\t" * length
        yield "a" + "\n" * length + "b"
    for length in (2, 3, 8, 31, 32, 33, 40, 63, 64, 100):
        yield " " * length
        yield " " * length + "\n" + " " * length + "z"


def all_strings():
    groups = (SPACES, PROSE, SCRIPTS, EMOJI, COMBINING, INVISIBLE, CONTROL, PLANES, CODE, NUMBERS, SPECIAL, whitespace_runs())
    return list(dict.fromkeys(text for group in groups for text in group))


def load(folder):
    if (folder / "tokenizer_config.json").exists() or (folder / "config.json").exists():
        return AutoTokenizer.from_pretrained(folder)
    return PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))


def render(template, messages, add_generation_prompt):
    entry = dict(template=template, messages=messages, add_generation_prompt=add_generation_prompt, bos_token="<s>", eos_token="</s>")
    try:
        rendered, _ = render_jinja_template([messages], chat_template=template, add_generation_prompt=add_generation_prompt,
                                            bos_token="<s>", eos_token="</s>")
        return entry | dict(rendered=rendered[0])
    except jinja2.exceptions.TemplateError as error:
        return entry | dict(error=str(error))


def template_cases():
    cases = []
    for name, template in TEMPLATES.items():
        cases.append(dict(name=name) | render(template, TURNS, True))
        cases.append(dict(name=name + "-one-user-turn") | render(template, [{"role": "user", "content": "What is 2 + 2?"}], True))
        cases.append(dict(name=name + "-no-generation-prompt") | render(template, TURNS[1:], False))
    return cases


def chat_cases(tokenizer):
    cases = []
    for prompt in CHAT_PROMPTS:
        rendered = tokenizer.apply_chat_template([{"role": "user", "content": prompt}], tokenize=False, add_generation_prompt=True)
        cases.append(dict(prompt=prompt, rendered=rendered, ids=tokenizer(rendered)["input_ids"]))
    return cases


def small_golden(folders):
    """The small vocabularies make many ids: strings up to 40 characters, and for truncation up to 300."""
    strings = SMALL_SPECIAL + [text for text in all_strings() if len(text) <= 40]
    long_texts = [text for text in all_strings() if 128 < len(text) <= 400]
    encoded, truncated = {}, {}
    for folder in folders:
        tokenizer = load(folder)
        encoded[folder.name] = dict(class_name=type(tokenizer).__name__, ids=[tokenizer(text)["input_ids"] for text in strings])
        truncated[folder.name] = [tokenizer(text, max_length=128, truncation=True)["input_ids"] for text in long_texts]
    return dict(versions=versions(), strings=strings, tokenizers=encoded,
                truncated=dict(max_length=128, strings=long_texts, ids=truncated))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokenizers", type=Path)
    parser.add_argument("--small", type=Path)
    parser.add_argument("--templates", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    if args.templates:
        return write_json(args.out, templates_golden(args.templates))
    if args.small:
        return write_json(args.out, small_golden(sorted(path for path in args.small.iterdir() if path.is_dir())))

    strings = all_strings()
    encoded, truncated = {}, {}
    for name in ENCODED:
        tokenizer = load(args.tokenizers / name)
        encoded[name] = dict(class_name=type(tokenizer).__name__, ids=[tokenizer(text)["input_ids"] for text in strings])
        truncated[name] = [tokenizer(text, max_length=TRUNCATED_LENGTH, truncation=True)["input_ids"] for text in TRUNCATED]
    golden = dict(
        versions=versions(), strings=strings, tokenizers=encoded,
        truncated=dict(max_length=TRUNCATED_LENGTH, strings=TRUNCATED, ids=truncated),
        chat={name: chat_cases(load(args.tokenizers / name)) for name in CHAT},
        templates=template_cases())
    write_json(args.out, golden)
    print(json.dumps(dict(strings=len(strings), templates=len(golden["templates"]), bytes=args.out.stat().st_size)))


if __name__ == "__main__":
    main()
