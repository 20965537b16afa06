"""Time an RFM iteration (see grokrfm.bench)."""

from grokrfm.bench.__main__ import main

if __name__ == "__main__":
    main()
