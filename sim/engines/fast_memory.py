"""A tuple of arrays handed to compiled code as one pointer.

Numba passes a tuple of arrays by value, word by word, to every function: with seventy arrays that costs minutes of
compiling and most of the running. Here the arrays stay where they are, and compiled code gets the address of a list of
their addresses and shapes; ``s.people[row]`` reads the same in compiled code as in Python.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.datamodel import models
from numba.core.datamodel.registry import register_default
from numba.core.imputils import impl_ret_borrowed
from numba.core.typing.templates import AttributeTemplate
from numba.extending import NativeValue, infer_getattr, intrinsic, lower_getattr_generic, typeof_impl, unbox
from numba.np import numpy_support
from numba.np.arrayobj import make_array, populate_array


class HandedType(types.Type):
    """Type of a handed tuple in compiled code: the names and types of its arrays."""

    def __init__(self, name: str, fields: tuple[tuple[str, Any], ...]) -> None:
        self.fields = fields
        self.places = {field: place for place, (field, _) in enumerate(fields)}
        kinds = hashlib.sha256(repr(fields).encode()).hexdigest()[:16]
        super().__init__(name=f"{name}_{kinds}")  # short: it is part of the name of every compiled function


class Handed:
    """A tuple of contiguous arrays, and the list of their addresses and shapes.

    ``before`` is one handed before that most of them are in as well: only the others are looked up.
    """

    def __init__(self, arrays: Any, before: Handed | None = None) -> None:
        self.arrays = arrays
        words = before.words.copy() if before else np.zeros((len(arrays), _WORDS), np.int64)
        for place, array in enumerate(arrays):
            if before and array is before.arrays[place]:
                continue
            if not array.flags.c_contiguous:
                raise ValueError(f"{type(arrays).__name__}.{arrays._fields[place]} is not contiguous")
            words[place, : 1 + array.ndim] = array.ctypes.data, *array.shape
        self.words: Any = words
        self.address = words.ctypes.data
        self._numba_type_: HandedType = before._numba_type_ if before else _type_of(arrays)


_settings: Any = numba.config
LINE = 64
"""Bytes of a line of memory: what the processor brings at one time."""
_WORDS = 7
"""Address, and up to six lengths."""
_TYPES: dict[Any, HandedType] = {}


def handed(arrays: Any, before: Any = None) -> Any:
    """A tuple of arrays as compiled code takes it; where nothing is compiled, with rows that read as they do there.

    ``before`` is what came of a tuple with most of the same arrays, if there is one.
    """
    return type(arrays)(*map(read_alike, arrays)) if _settings.DISABLE_JIT else Handed(arrays, before)


def read_alike(array: Any) -> Any:
    """An array as compiled code takes it.

    Where nothing is compiled, whole numbers are read as Python's: compiled code widens them, NumPy's would overflow.
    And there a place before the first, which compiled code would look up in the memory before it, is an IndexError.
    """
    if not _settings.DISABLE_JIT:
        return array
    plain = array.view(np.ndarray)
    rows = plain.view(np.dtype((_Row, array.dtype.descr))) if array.dtype.names else plain
    return rows.view(_CountedFromTheFirst)


class _Row(np.record):  # type: ignore[misc]
    """A row none of whose names is hidden by an attribute of NumPy's."""

    def __getattribute__(self, name: str) -> Any:
        if name in np.void.__getattribute__(self, "dtype").names:
            return np.void.__getitem__(self, name).item()
        return np.void.__getattribute__(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value


class _CountedFromTheFirst(np.ndarray[Any, Any]):
    def __getitem__(self, place: Any) -> Any:
        _refuse_negative(place)
        found = super().__getitem__(place)
        return found.item() if isinstance(found, np.signedinteger) else found

    def __setitem__(self, place: Any, value: Any) -> None:
        _refuse_negative(place)
        super().__setitem__(place, value)


def _refuse_negative(place: Any) -> None:
    places = place if isinstance(place, tuple) else (place,)
    if any(isinstance(each, int | np.integer) and each < 0 for each in places):
        raise IndexError(f"place {place}: compiled code counts from the first")


def _type_of(arrays: Any) -> HandedType:
    kinds = tuple((array.dtype, array.ndim) for array in arrays)
    key = (type(arrays), kinds)
    if key not in _TYPES:
        fields = tuple(
            (name, types.Array(numpy_support.from_dtype(dtype), ndim, "C"))
            for name, (dtype, ndim) in zip(arrays._fields, kinds, strict=True)
        )
        _TYPES[key] = HandedType(type(arrays).__name__, fields)
    return _TYPES[key]


@typeof_impl.register(Handed)
def _typeof(value: Handed, _: Any) -> HandedType:
    return value._numba_type_


@register_default(HandedType)
class _HandedModel(models.PrimitiveModel):
    def __init__(self, manager: Any, handed_type: HandedType) -> None:
        super().__init__(manager, handed_type, ir.IntType(64).as_pointer())


@unbox(HandedType)
def _unbox(handed_type: HandedType, value: Any, c: Any) -> NativeValue:
    address = c.pyapi.object_getattr_string(value, "address")
    word = c.pyapi.long_as_ulonglong(address)
    c.pyapi.decref(address)
    return NativeValue(c.builder.inttoptr(word, ir.IntType(64).as_pointer()))


@infer_getattr
class _HandedAttributes(AttributeTemplate):
    key = HandedType

    def generic_resolve(self, handed_type: HandedType, name: str) -> Any:
        return dict(handed_type.fields).get(name)


@lower_getattr_generic(HandedType)
def _get_array(context: Any, builder: Any, handed_type: HandedType, value: Any, name: str) -> Any:
    array_type = dict(handed_type.fields)[name]
    first = _WORDS * handed_type.places[name]
    words = [builder.load(cgutils.gep_inbounds(builder, value, first + k)) for k in range(1 + array_type.ndim)]
    for word in words:  # the list stays as it is while compiled code runs, so a word need not be looked up again
        word.set_metadata("invariant.load", builder.module.add_metadata([]))
    item = context.get_abi_sizeof(context.get_data_type(array_type.dtype))
    strides = [context.get_constant(types.intp, item)]
    for length in reversed(words[2:]):
        strides.insert(0, builder.mul(strides[0], length))
    array = make_array(array_type)(context, builder)
    data = builder.inttoptr(words[0], context.get_data_type(array_type.dtype).as_pointer())
    populate_array(array, data=data, shape=words[1:], strides=strides, itemsize=item, meminfo=None)
    return impl_ret_borrowed(context, builder, array_type, array._getvalue())


@intrinsic
def _fetch(_: Any, rows: Any, row: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        array = signature.args[0]
        data = make_array(array)(context, builder, arguments[0]).data
        kind = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        prefetch = builder.module.declare_intrinsic("llvm.prefetch", [byte], kind)
        first = builder.bitcast(builder.gep(data, [arguments[1]]), byte)
        for line in range(0, context.get_abi_sizeof(context.get_data_type(array.dtype)), LINE):
            place = builder.gep(first, [ir.IntType(64)(line)])
            builder.call(prefetch, [place, number(0), number(3), number(1)])
        return context.get_dummy_value()

    return types.void(rows, row), generate


def _nothing(rows: Any, row: int) -> None:
    """Where nothing is compiled."""


fetch: Any = _nothing if _settings.DISABLE_JIT else _fetch
"""Called with rows and the number of one: it is needed soon, so it is brought to the processor now."""
