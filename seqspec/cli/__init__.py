"""The command line: argparse, reading and writing, exit codes.

This is the only package that prints. Exit codes: 0 clean or warnings only, 1 errors in spec or
data, 2 wrong command line, 70 a bug of seqspec's, 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from seqspec.cli.arguments import parser
from seqspec.cli.terminal import Stop, say


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; the exit code."""
    options = parser().parse_args(argv)
    try:
        code = int(options.run(options))
        sys.stdout.flush()
        return code
    except Stop as stop:
        return stop.code
    except KeyboardInterrupt:
        say("stopped")
        return 130
    except BrokenPipeError:
        # Whoever read our output has gone: no mistake of anybody's, and nobody left to tell.
        _give_up_output()
        return 1
    except OSError as error:
        say(f"error: {error.filename or ''}: {error.strerror or error}".replace(": :", ":"))
        if error.filename is None:
            _give_up_output()
        return 1
    except Exception:
        import traceback

        traceback.print_exc()
        say("\nthis is a bug in seqspec, not in your spec; please report it with the text above")
        return 70


def _give_up_output() -> None:
    """Let what could not be printed go nowhere, so that Python's own last flush does not fail."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
