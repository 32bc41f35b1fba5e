"""Files below a directory."""

import os


def get_abspaths_in(path, extension=None):
    """The absolute paths of all files below `path` whose names end with `extension`."""
    return sorted(
        os.path.abspath(os.path.join(directory, name))
        for directory, _, names in os.walk(path)
        for name in names
        if extension is None or name.endswith(extension)
    )
