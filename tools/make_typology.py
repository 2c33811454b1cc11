"""Write how far languages are from each other by grammar, from URIEL+ (urielplus, CC BY-SA 4.0), for `taco study transfer`.

    pip install urielplus==1.3.2          in an environment of its own: it writes into its own folder when imported
    python tools/make_typology.py gl es ca ast eo hr > typology.tsv

A line holds two languages and the distance of their typological features ("featural" in URIEL+, by its default metric, of the features
that both have) from 0 to 1; "-" where they share none. The numbers are URIEL+'s (Khan et al. 2025, "URIEL+", COLING), and
whoever publishes the file has to say so, under the same licence; none of it is part of this repository.
"""

from __future__ import annotations

import argparse
import logging
import sys
from itertools import combinations

from taco.languages.table import find_language

KIND = "featural"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("languages", nargs="+", help="any code or name that taco knows")
    asked = parser.parse_args()
    logging.disable(logging.CRITICAL)
    try:
        from urielplus import urielplus
    except ImportError:
        sys.exit("Install urielplus: pip install urielplus==1.3.2")
    uriel = urielplus.URIELPlus()
    print(f"# URIEL+ {KIND} distance, urielplus, CC BY-SA 4.0; see tools/make_typology.py")
    for one, other in combinations(map(find_language, asked.languages), 2):
        try:
            distance = f"{float(uriel.new_distance(KIND, one.iso639_3, other.iso639_3)):.4f}"
        except (ValueError, SystemExit):  # no features that both have
            distance = "-"
        print(f"{one.code}\t{other.code}\t{distance}")


if __name__ == "__main__":
    main()
