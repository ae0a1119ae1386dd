"""Tags: the kinds of exceptions (specification, section 4.2.10)."""

from __future__ import annotations

from typing import Any

from wrt_core.runtime.conversion import from_host, to_host
from wrt_foundation.canonical import DefinedType, defined_function_type
from wrt_foundation.traps import WasmException
from wrt_foundation.types import FuncType, ValueType

__all__ = ["Tag"]


class Tag:
    """A tag instance, told apart from others by identity. `params` are the types of an exception's payload."""

    __slots__ = ("__weakref__", "type")

    def __init__(self, type_: FuncType | DefinedType) -> None:
        self.type = type_ if isinstance(type_, DefinedType) else defined_function_type(type_)

    @property
    def params(self) -> tuple[ValueType, ...]:
        """The types of the payload."""
        composite = self.type.composite
        assert isinstance(composite, FuncType)
        return composite.params

    def exception(self, *payload: object) -> WasmException:
        """Return an exception for a host function to raise. Raises `TypeError` for a payload of other types."""
        if len(payload) != len(self.params):
            raise TypeError(f"{self!r} takes {len(self.params)} values, not {len(payload)}")
        return WasmException(
            self, tuple(from_host(each)(value) for each, value in zip(self.params, payload, strict=True))
        )

    def payload(self, values: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return values of the engines' representation as the API gives them."""
        return tuple(to_host(each)(value) for each, value in zip(self.params, values, strict=True))

    def __repr__(self) -> str:
        return f"<Tag [{' '.join(map(str, self.params))}]>"
