"""What of a change only its kind understands: typed here, plain JSON in the plan and in the journal."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from voiceform.model.errors import VoiceformError

if TYPE_CHECKING:
    from voiceform.model.plan import Change


class Details(ABC):
    """`Change.details` of one kind, for both sides: compare makes them, act and settle read them."""

    __slots__ = ()

    @abstractmethod
    def to_document(self) -> dict[str, Any]:
        """As `Change.details`; what is empty is left out."""

    @classmethod
    @abstractmethod
    def of_document(cls, document: Mapping[str, Any]) -> Self:
        """What `to_document` wrote; KeyError, TypeError, ValueError or VoiceformError for anything else."""

    def complaint(self, change: Change) -> str | None:
        """Why the change contradicts them; None when it does not."""
        return None

    @classmethod
    def of(cls, change: Change) -> Self:
        """The details of a change. ValueError, which says what is wrong, unless they are as this program
        writes them and nothing more: who cannot read all of them must not carry out a part."""
        try:
            found = cls.of_document(change.details)
        except KeyError as error:
            raise ValueError(f"it lacks {error.args[0]}") from error
        except VoiceformError as error:
            raise ValueError(error.what) from error
        except (TypeError, ValueError, AttributeError) as error:
            raise ValueError(str(error)) from error
        if found.to_document() != change.details:
            raise ValueError("it says more than this program understands, or says it otherwise")
        complaint = found.complaint(change)
        if complaint is not None:
            raise ValueError(complaint)
        return found


@dataclass(frozen=True, slots=True)
class NoDetails(Details):
    """For kinds whose changes say everything in their fields."""

    def to_document(self) -> dict[str, Any]:
        """Nothing."""
        return {}

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> NoDetails:
        """Nothing; ValueError for anything."""
        if document:
            raise ValueError(f"nobody reads {', '.join(document)}")
        return cls()


def text_in(document: Mapping[str, Any], name: str) -> str:
    """A member that is a text; KeyError, TypeError."""
    value = document[name]
    if not isinstance(value, str):
        raise TypeError(f"{name} is not a text")
    return value


def number_in(document: Mapping[str, Any], name: str) -> int:
    """A member that is a whole number from 0; KeyError, TypeError."""
    value = document[name]
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError(f"{name} is not a number")
    return value


def items_in(document: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    """A member that is a list of objects, empty where it is left out; TypeError."""
    value = document.get(name, [])
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise TypeError(f"{name} is not a list of objects")
    return value


def object_in(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A member that is an object, empty where it is left out; TypeError."""
    value = document.get(name, {})
    if not isinstance(value, dict):
        raise TypeError(f"{name} is not an object")
    return value


def texts_in(document: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """A member that is a list of texts; KeyError, TypeError."""
    value = document[name]
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise TypeError(f"{name} is not a list of texts")
    return tuple(value)
