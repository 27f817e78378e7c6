"""`python -m onboarding VERB …`"""

from __future__ import annotations

import sys

from onboarding.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
