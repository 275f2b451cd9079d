"""``python -m codegen``."""

from codegen.cli import main

main(prog_name="mf-codegen")
