"""mf-codegen: a Metaflow flow as the flytekit module that an engineer would have written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["Options", "Translation", "__version__", "translate"]

if TYPE_CHECKING:
    from codegen.options import Options
    from codegen.pipeline import Translation, translate


def __getattr__(name: str) -> Any:
    """Loads the translator when it is first asked for: ``--version`` needs none of it."""
    if name in __all__:
        from codegen import options, pipeline

        return getattr(options if name == "Options" else pipeline, name)
    raise AttributeError(name)
