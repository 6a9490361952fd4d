"""``python -m vargrad``: see the folder _cli."""

from __future__ import annotations

import sys

from vargrad._cli import main

if __name__ == "__main__":
    sys.exit(main())
