"""py3langid's model, unpacked once for all processes.

The package ships it compressed by LZMA, and unpacking takes four fifths of the time that loading it takes. So the bytes that come
out are kept in the cache folder, in a file that is named after the digest of what they came from: another version of the
package has another file. It is in numpy's own form and is read without pickled objects. A file that is cut short or has other
bytes than were written (zip's checksums tell) is made anew, and where none can be written, the package unpacks its model as ever.
"""

from __future__ import annotations

import lzma
import os
import shutil
import tempfile
import zipfile
from array import array
from pathlib import Path
from typing import Any

import numpy as np

from taco.store.files import digest_file

_TYPECODES = {2: "H", 4: "I", 8: "Q"}
"""Bytes of an unsigned number -> the letter of Python's arrays for it."""

_FAULTS = (OSError, EOFError, ValueError, KeyError, TypeError, lzma.LZMAError, zipfile.BadZipFile)
"""What reading a damaged file raises, or making a model of a layout that another version of the package has."""


def load_unpacked(packed: Path, folder: Path) -> Any:
    """Load py3langid's model of all languages, with probabilities.

    Args:
        packed: The package's file of the model.
        folder: Where the unpacked one is kept; made if needed.
    """
    from py3langid.langid import LanguageIdentifier

    path = folder / f"py3langid-{digest_file(packed)[:16]}.npz"
    for is_there in (True, False):
        try:
            if not is_there:
                unpack(packed, path)
            return read_unpacked(path)
        except _FAULTS:
            continue
    return LanguageIdentifier.from_model_file(packed, norm_probs=True)


def unpack(packed: Path, path: Path) -> None:
    """Unpack a file, whole or not at all; several processes may do so at once.

    Raises:
        OSError: The folder cannot be written.
        lzma.LZMAError: It is no such file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    number, name = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.", suffix=".partial")
    try:
        with os.fdopen(number, "wb") as out, lzma.open(packed) as opened:
            shutil.copyfileobj(opened, out, length=1 << 20)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def read_unpacked(path: Path) -> Any:
    """Make py3langid's identifier of an unpacked model, as the package itself does.

    Raises:
        OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile: It is missing, damaged or of another layout.
    """
    from py3langid.langid import LanguageIdentifier

    with path.open("rb") as opened, np.load(opened, allow_pickle=False) as arrays:
        return LanguageIdentifier(
            arrays["ptc"],
            arrays["pc"],
            arrays["classes"].tolist(),
            _make_array(arrays["nextmove"]),
            arrays["out_feat"].tolist(),
            norm_probs=True,
            tk_row=_make_array(arrays["nextmove_row"]),
        )


def _make_array(numbers: Any) -> array[int]:
    """Return numbers as an array of Python's, whose elements cost less to look up one by one than numpy's."""
    made = array(_TYPECODES[numbers.dtype.itemsize])
    made.frombytes(memoryview(numbers).cast("B"))
    return made
