"""Tables in Markdown, on standard output and in RESULTS.md."""

import re

from .machine import BENCH, about

RESULTS = BENCH / "RESULTS.md"
START = "# Results\n\nWritten by `bench/run`: each section is what its last run measured. [README.md](README.md) says what \
is measured and how to read it.\n"


def table(head, rows):
    """Returns a table; the first column is text, the others are figures."""
    lines = ["| " + " | ".join(head) + " |", "|" + "|".join(["---"] + ["--:"] * (len(head) - 1)) + "|"]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def write(section, title, body):
    """Prints a section and puts it in the place of the earlier one; what people wrote around it stays."""
    text = f"## {title}\n\n" + "\n".join(about()) + f"\n\n{body.strip()}\n"
    print(f"\n{text}", flush=True)
    begin, end = f"<!-- {section}: begin -->", f"<!-- {section}: end -->"
    block = f"{begin}\n{text}{end}"
    earlier = RESULTS.read_text() if RESULTS.exists() else START
    place = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    if place.search(earlier):
        RESULTS.write_text(place.sub(lambda _: block, earlier))
    else:
        RESULTS.write_text(f"{earlier.rstrip()}\n\n{block}\n")
