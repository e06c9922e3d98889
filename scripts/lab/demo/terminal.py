"""What the demo prints: plain lines, with colours only where somebody looks at a terminal."""

from collections.abc import Sequence
import os
import shutil
import sys
import textwrap

_INDENT = "  "
_WIDEST = 110
_BAR = 32
# Without a terminal the bar is a line now and then.
_QUIET_STEP = 25.0


class Transcript:
    """Prints the demo's steps as they happen."""

    def __init__(self) -> None:
        """Find out what the terminal can do."""
        self._live = sys.stdout.isatty()
        self._colours = self._live and not os.environ.get("NO_COLOR")
        self._width = min(shutil.get_terminal_size((_WIDEST, 24)).columns, _WIDEST)
        self._chapter = 0
        self._shown = -_QUIET_STEP

    def title(self, text: str) -> None:
        """Print the very first line."""
        self._print(self._painted(text, "1"))

    def chapter(self, text: str) -> None:
        """Begin a numbered part."""
        self._chapter += 1
        self._print(f"\n{self._painted(f'{self._chapter}. {text}', '1;36')}")

    def note(self, text: str) -> None:
        """Explain."""
        for line in textwrap.wrap(text, self._width - len(_INDENT)):
            self._print(f"{_INDENT}{self._painted(line, '2')}")

    def does(self, label: str, text: str) -> None:
        """Tell what is done now."""
        self._marked("→", "36", label, text)

    def good(self, label: str, text: str) -> None:
        """Tell what has been checked and is as it should be."""
        self._marked("✓", "32", label, text)

    def bad(self, label: str, text: str) -> None:
        """Tell what has been checked and goes wrong, as was to be shown."""
        self._marked("✗", "31", label, text)

    def table(
        self, header: Sequence[str], rows: Sequence[Sequence[str]], *, right: str = ""
    ) -> None:
        """Print a table; `right` holds the numbers of the columns that are aligned right."""
        widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
        for number, row in enumerate((header, *rows)):
            cells = [
                text.rjust(width) if str(column) in right else text.ljust(width)
                for column, (text, width) in enumerate(zip(row, widths, strict=True))
            ]
            line = _INDENT + "  ".join(cells).rstrip()
            self._print(self._painted(line, "2") if number == 0 else line)

    def bar(self, percent: float, text: str) -> None:
        """Show how far a download is, in place on a terminal."""
        full = round(_BAR * percent / 100)
        bar = self._painted("█" * full, "32") + self._painted("░" * (_BAR - full), "2")
        line = f"{_INDENT}{bar} {percent:5.1f} %  {text}"
        if self._live:
            print(f"\r\033[K{line}", end="\n" if percent >= 100 else "", flush=True)
        elif percent - self._shown >= _QUIET_STEP or percent >= 100:
            self._print(line)
            self._shown = -_QUIET_STEP if percent >= 100 else percent

    def _marked(self, mark: str, colour: str, label: str, text: str) -> None:
        lead = f"{_INDENT}{mark} "
        head = f"{label}: " if label and text else label
        lines = textwrap.wrap(
            f"{head}{text}",
            self._width,
            initial_indent=" " * len(lead),
            subsequent_indent=" " * len(lead),
            break_on_hyphens=False,
        )
        first = lines[0][len(lead) + len(head) :]
        self._print(f"{_INDENT}{self._painted(mark, colour)} {self._painted(head, '1')}{first}")
        for line in lines[1:]:
            self._print(line)

    def _painted(self, text: str, codes: str) -> str:
        return f"\033[{codes}m{text}\033[0m" if self._colours else text

    @staticmethod
    def _print(line: str) -> None:
        print(line, flush=True)
