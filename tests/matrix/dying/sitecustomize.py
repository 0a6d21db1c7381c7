"""Imported by every Python that has this folder in its path: that is, by the processes of a pool which the
matrix watches (tests/matrix/dying/process.py)."""

import os

if "VOICEFORM_MATRIX_POOL" in os.environ:
    from tests.matrix.dying.process import begin

    begin(os.environ["VOICEFORM_MATRIX_POOL"])
