# SPDX-License-Identifier: Apache-2.0
"""Delimited text in many dialects, and the records that Python's csv module finds in it.

Printed for test_delimited.c, all lengths in bytes:
    T delimiter quote length          as character codes; then the text, and a line end
    R count line                      a record that begins in this line; then each field as
                                      `length:bytes`, and a line end
    E                                 the text is done
"""
import csv
import io
import random
import sys

TEXTS = 400
LETTERS = "ab1 é€\N{GRINNING FACE}.-/"


def field(dice, delimiter, quote, line_end):
    """A field as it is written: bare, quoted, or in the odd ways that programs write them."""
    bare = "".join(dice.choice(LETTERS) for _ in range(dice.choice((0, 1, 2, 5, 9, 40))))
    kind = dice.random()
    if kind < 0.6:
        return bare
    inside = bare
    for _ in range(dice.randrange(4)):
        piece = dice.choice((delimiter, quote + quote, line_end, "\r", "\n", "x" * 30))
        at = dice.randrange(len(inside) + 1)
        if quote not in inside[max(0, at - 1):at + 1]:  # a doubled quote stays whole
            inside = inside[:at] + piece + inside[at:]
    quoted = quote + inside + quote
    if kind < 0.9:
        return quoted
    if kind < 0.95:  # letters behind the closing quote, and a quote among them
        return quoted + "y" + quote + "z"
    return "w" + quote + "v" + bare  # a quote that opens nothing


def text(dice):
    delimiter = dice.choice(";,\t|:")
    quote = dice.choice("\"'\"")
    line_end = dice.choice(("\n", "\r\n", "\r"))
    width = dice.choice((1, 2, 3, 8, 30))
    lines = []
    for _ in range(dice.choice((0, 1, 5, 40))):
        if dice.random() < 0.05:
            lines.append("")  # no record
            continue
        count = width if dice.random() < 0.9 else dice.randrange(1, 40)
        lines.append(delimiter.join(field(dice, delimiter, quote, line_end) for _ in range(count)))
    last = "" if dice.random() < 0.3 else line_end
    return delimiter, quote, line_end.join(lines) + last


def main():
    dice = random.Random(4180)
    out = sys.stdout.buffer
    csv.field_size_limit(1 << 24)
    for _ in range(TEXTS):
        delimiter, quote, content = text(dice)
        written = content.encode()
        out.write(b"T %d %d %d\n%b\n" % (ord(delimiter), ord(quote), len(written), written))
        reader = csv.reader(io.StringIO(content, newline=""), delimiter=delimiter, quotechar=quote)
        line = 1
        for record in reader:
            began, line = line, reader.line_num + 1
            if not record:
                continue
            out.write(b"R %d %d\n" % (len(record), began))
            for value in record:
                encoded = value.encode()
                out.write(b"%d:%b" % (len(encoded), encoded))
            out.write(b"\n")
        out.write(b"E\n")


main()
