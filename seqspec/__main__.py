"""``python -m seqspec``."""

from seqspec.cli import main

raise SystemExit(main())
