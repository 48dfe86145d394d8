"""A minimal parser of Dockerfiles."""

import json
import shlex
from pathlib import Path
from typing import NamedTuple

from tests.docs.pages import ROOT

DOCKERFILE = ROOT / "deploy" / "Dockerfile"


class Instruction(NamedTuple):
    """One instruction, its lines joined.

    Attributes:
        name: in capital letters.
        value: what follows.
    """

    name: str
    value: str


def stages() -> list[list[Instruction]]:
    """Return the instructions of each stage, which begins with its ``FROM``."""
    found: list[list[Instruction]] = []
    for instruction in _instructions(DOCKERFILE):
        if instruction.name == "FROM":
            found.append([])
        found[-1].append(instruction)
    return found


def values(stage: list[Instruction], name: str) -> list[str]:
    """Return the values of the instructions with a name."""
    return [instruction.value for instruction in stage if instruction.name == name]


def environment(stage: list[Instruction]) -> dict[str, str]:
    """Return the variables that a stage sets."""
    words = [word for value in values(stage, "ENV") for word in shlex.split(value)]
    return dict(word.split("=", 1) for word in words)


def exec_form(value: str) -> list[str]:
    """Return the words of a command in exec form; fail for the shell form."""
    words = json.loads(value[value.index("[") :])
    assert all(isinstance(word, str) for word in words)
    return list(words)


def _instructions(file: Path) -> list[Instruction]:
    lines = [line for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    text = "\n".join(line for line in lines if not line.lstrip().startswith("#"))
    joined = text.replace("\\\n", " ").splitlines()
    return [Instruction(*line.split(None, 1)) for line in joined]
