"""Columns that hold what only their owner's key opens, one line each in the model:

    text = sealed_text()

Read and set like any other attribute. A row is sealed when it is written, once its owner is known; what a
destroyed key had sealed reads as never said. On the class the attribute is the sealed column itself, for queries.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Generic, TypeVar, overload

from sqlalchemy import Dialect, LargeBinary, Select, TypeDecorator, event, inspect, select
from sqlalchemy.orm import InstrumentedAttribute, mapped_column

from portal.extensions import Base, db
from portal.keys import sealing

T = TypeVar("T")
NOTHING: Mapping[str, Any] = {}


class Plain(bytes):
    """What was set on a row and is not sealed yet."""


class SealedBytes(TypeDecorator[bytes]):
    """A column type that never lets anything plain through."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        if isinstance(value, Plain):
            raise TypeError("what a sealed column holds is sealed before it is written")
        return value or None  # an empty text, list or dictionary is nothing said


class Sealed(Generic[T]):
    """The attribute. `owner` leads from the row to the user id; `row` names what tells a person's rows apart."""

    def __init__(
        self,
        encode: Callable[[T], bytes],
        decode: Callable[[bytes], T],
        empty: Callable[[], T],
        owner: str,
        row: tuple[str, ...],
        deferred: bool,
    ) -> None:
        self._encode, self._decode, self._empty = encode, decode, empty
        self.owner, self.row, self._deferred = owner.split("."), row, deferred

    def __set_name__(self, model: type[Any], name: str) -> None:
        self.model, self.name, self.key = model, name, f"{name}_sealed"
        self.what = f"{model.__tablename__}.{name}"
        setattr(model, self.key, mapped_column(name, SealedBytes, nullable=True, deferred=self._deferred))
        _SEALED.setdefault(model, []).append(self)

    @overload
    def __get__(self, row: None, model: type[Any]) -> InstrumentedAttribute[bytes | None]: ...
    @overload
    def __get__(self, row: Any, model: type[Any]) -> T: ...
    def __get__(self, row: Any, model: type[Any]) -> Any:
        if row is None:
            return getattr(model, self.key)
        held = getattr(row, self.key)
        if held is None:
            return self._empty()
        if isinstance(held, Plain):
            return self._decode(held)
        self._load_keys_beside(row)
        return self.read(self.owner_of(row), held, self._apart(row))

    def __set__(self, row: Any, value: T | None) -> None:
        setattr(row, self.key, Plain(self._encode(value)) if value else None)

    def read(self, user_id: int, sealed: bytes | None, values: Mapping[str, Any] = NOTHING) -> T:
        """What a row of a query holds; `values` has the columns that tell the person's rows apart."""
        if sealed is None:
            return self._empty()
        try:
            return self._decode(sealing.open_bytes(user_id, self.place(values), sealed))
        except sealing.Destroyed:
            return self._empty()

    def seal(self, row: Any) -> None:
        """Seal what was set on the row; called as it is written, when all of its references are known."""
        plain = vars(row).get(self.key)
        if isinstance(plain, Plain):
            sealed = sealing.seal(self.owner_of(row), self.place(self._apart(row)), bytes(plain))
            setattr(row, self.key, sealed)

    def rows(self) -> Select[Any]:
        """Every value: the row's id, its owner, the sealed bytes, and what tells the rows apart."""
        model, joins = self.model, []
        for step in self.owner[:-1]:
            joins.append(getattr(model, step))
            model = joins[-1].property.mapper.class_
        (key,) = inspect(self.model).primary_key
        apart = [getattr(self.model, name) for name in self.row]
        owner = getattr(model, self.owner[-1]).label("owner_id")
        found = select(key.label("id"), owner, getattr(self.model, self.key).label("sealed"), *apart)
        found = found.select_from(self.model)
        for join in joins:
            found = found.join(join)
        return found.where(getattr(self.model, self.key).is_not(None)).order_by(key)

    @property
    def holds_text(self) -> bool:
        return self._empty is str

    def owner_of(self, row: Any) -> int:
        for step in self.owner[:-1]:
            row = getattr(row, step) or _by_key(row, step)
        owner: int = getattr(row, self.owner[-1])
        return owner

    def _apart(self, row: Any) -> dict[str, Any]:
        return {name: getattr(row, name) for name in self.row}

    def place(self, values: Mapping[str, Any]) -> str:
        """What a value is sealed as, given the row's columns that tell a person's rows apart."""
        return ":".join((self.what, *(str(values[name]) for name in self.row)))

    def _load_keys_beside(self, row: Any) -> None:
        """A list asks for everybody's key at once: those of the rows that were loaded with this one."""
        if sealing.holds(self.owner_of(row)):
            return
        others = (other for other in db.session.identity_map.values() if isinstance(other, self.model))
        sealing.load({owner for other in others if (owner := self._loaded_owner(other)) is not None})

    def _loaded_owner(self, row: Any) -> int | None:
        if vars(row).get(self.key) is None:
            return None
        for step in self.owner:
            row = vars(row).get(step)
            if row is None:
                return None
        return row if isinstance(row, int) else None


_SEALED: dict[type[Any], list[Sealed[Any]]] = {}


def sealed_text(
    *, owner: str = "member.user_id", row: tuple[str, ...] = (), deferred: bool = False
) -> Sealed[str]:
    """A sealed column of text; nothing said is the empty text."""
    return Sealed(str.encode, bytes.decode, str, owner, row, deferred)


def sealed_json(
    *, owner: str = "member.user_id", row: tuple[str, ...] = (), deferred: bool = False
) -> Sealed[dict[str, Any]]:
    """A sealed column of named values; nothing said is an empty dictionary."""
    return Sealed(_as_json, json.loads, dict, owner, row, deferred)


def sealed_list(
    *, owner: str = "member.user_id", row: tuple[str, ...] = (), deferred: bool = False
) -> Sealed[list[dict[str, Any]]]:
    """A sealed column of several such; nothing said is an empty list."""
    return Sealed(_as_json, json.loads, list, owner, row, deferred)


def every_sealed_column() -> Iterator[Sealed[Any]]:
    """Those of all models, for the doctor and the canaries."""
    for columns in _SEALED.values():
        yield from columns


def sealed_column(of: InstrumentedAttribute[Any]) -> Sealed[Any]:
    """How to read `Model.attribute` in the rows of a query."""
    return next(column for column in every_sealed_column() if getattr(column.model, column.key) is of)


def _as_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True).encode()


def _by_key(row: Any, step: str) -> Any:
    """Where a new row's reference leads, when only the number was set."""
    relation = inspect(type(row)).relationships[step]
    ((own, _theirs),) = relation.local_remote_pairs
    number = getattr(row, inspect(type(row)).get_property_by_column(own).key)
    with db.session.no_autoflush:
        return db.session.get(relation.mapper.class_, number)


@event.listens_for(Base, "before_insert", propagate=True)
@event.listens_for(Base, "before_update", propagate=True)
def _seal_what_is_plain(_mapper: Any, _connection: Any, row: Any) -> None:
    for column in _SEALED.get(type(row), ()):
        column.seal(row)
