"""Which Debian packages lead from English to a language, and what to tell somebody who lacks them."""

from __future__ import annotations

from taco.languages.table import Language

PACKAGES = {
    "an": "apertium-eng-spa apertium-spa-arg",
    "ast": "apertium-eng-spa apertium-spa-ast",
    "bg": "apertium-hbs-eng apertium-hbs-mkd apertium-mkd-bul",
    "bs": "apertium-hbs-eng",
    "ca": "apertium-eng-cat",
    "eo": "apertium-eo-en",
    "es": "apertium-eng-spa",
    "fr": "apertium-eng-cat apertium-fra-cat",
    "frp": "apertium-eng-cat apertium-fra-cat apertium-fra-frp",
    "gl": "apertium-en-gl",
    "hr": "apertium-hbs-eng",
    "it": "apertium-eng-cat apertium-cat-ita",
    "mk": "apertium-hbs-eng apertium-hbs-mkd",
    "oc": "apertium-eng-cat apertium-oc-ca",
    "pt": "apertium-en-gl apertium-pt-gl",
    "sc": "apertium-eng-cat apertium-cat-srd",
    "sl": "apertium-hbs-eng apertium-hbs-slv",
}
"""Language code -> packages of the shortest way from English, from the mode files of the pairs in Debian 12."""


def describe_install(target: Language, *, has_apertium: bool) -> str:
    """Say what to install for a target, or which targets there are if no package helps."""
    packages = PACKAGES.get(target.code)
    if packages is None:
        return (
            f"No Debian package leads from English to {target.name}. Apertium reaches: {', '.join(sorted(PACKAGES))}. "
            "Choose one of these with language, or another engine with translate.engine."
        )
    programs = "" if has_apertium else "apertium "
    return f"Install what is missing (Debian, Ubuntu): sudo apt-get install -y {programs}{packages}"
