"""Imported for its effect: headspec neither reads nor fills the user's cache, but a folder that goes away with the test."""
import os
import tempfile

_folder = tempfile.TemporaryDirectory(prefix="headspec kept ")
os.environ["HEADSPEC_CACHE"] = _folder.name
