"""How Numba compiles here: arrays counted from the first, and the parts of a larger function only with the whole.

In Numba as in Python, ``rows[-1]`` is the last row, so whenever a row is looked up it is asked first whether its number
is negative. Compiled code here never counts from the end, and not asking makes the engine a quarter faster.

Numba makes machine code of every function, and again for every kind of number it is called with; and as a caller takes
in what it calls, code eight calls down is optimised nine times, of which only the last is ever run. Here a part is
translated once, for whole numbers of 64 bits, and handed to its callers as it is: LLVM optimises everything together
when it comes to the function that Python calls. Compiling takes less than half the time; the code is as fast.
"""

from __future__ import annotations

from typing import Any

from llvmlite.binding import Linkage
from numba.core import ir, types
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import AnalysisPass, LoweringPass, register_pass
from numba.core.registry import CPUDispatcher
from numba.core.typed_passes import AnnotateTypes
from numba.core.typing.templates import signature

_OPTIONS = {
    "nopython": True, "nogil": True, "error_model": "numpy", "no_cpython_wrapper": True, "no_cfunc_wrapper": True,
}  # fmt: skip


class _WholeLibrary(JITCodeLibrary):
    """Code of a function that Python calls with all its parts, which nobody else calls.

    So a part that is called in one place only is taken in there, however long it is.
    """

    def __init__(self, *where: Any) -> None:
        super().__init__(*where)
        self.enable_object_caching()

    def _optimize_final_module(self) -> None:
        for function in self._final_module.functions:
            if function.linkage == Linkage.linkonce_odr and not function.is_declaration:
                function.linkage = Linkage.internal
        super()._optimize_final_module()


class _PartLibrary(JITCodeLibrary):
    """Code of a part with all that it calls, neither optimised nor made into machine code."""

    def finalize(self) -> None:
        for library in dict.fromkeys(self._linking_libraries):
            self._final_module.link_in(library._get_module_for_linking(), preserve=True)
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:
        """No address: there is no machine code."""
        return 0

    @property
    def codegen(self) -> _PartLibrary:
        """Who is told where the Python objects are that the code needs: itself, as it needs none."""
        return self

    def set_env(self, name: str, env: Any) -> None:
        """Nothing to keep."""


@register_pass(mutates_CFG=False, analysis_only=True)
class _CountedFromTheFirst(AnalysisPass):
    """The step after types are known: places in arrays are taken for numbers without sign, looked up as they are."""

    _name = "counted_from_the_first"

    def __init__(self) -> None:
        super().__init__()

    def run_pass(self, state: Any) -> bool:
        for what, called in [*state.calltypes.items()]:
            is_lookup = isinstance(what, ir.SetItem) or (isinstance(what, ir.Expr) and what.op == "getitem")
            if is_lookup and isinstance(called.args[0], types.Array):
                array, place, *value = called.args
                del state.calltypes[what]
                state.calltypes[what] = signature(called.return_type, array, _without_sign(place), *value)
        return False


def _without_sign(place: Any) -> Any:
    """The type of a place in an array, its whole numbers without sign."""
    if isinstance(place, types.Tuple | types.UniTuple):
        return types.BaseTuple.from_types([_without_sign(each) for each in place.types])
    return types.uint64 if place in types.signed_domain else place


class _Into(LoweringPass):
    """The step before translation to LLVM: says where the code goes."""

    kept_in: type[JITCodeLibrary]

    def __init__(self) -> None:
        super().__init__()

    def run_pass(self, state: Any) -> bool:
        state["library"] = self.kept_in(state.targetctx.codegen(), state.func_id.func_qualname)
        return False


@register_pass(mutates_CFG=False, analysis_only=True)
class _IntoWhole(_Into):
    _name = "into_whole"
    kept_in = _WholeLibrary


@register_pass(mutates_CFG=False, analysis_only=True)
class _IntoPart(_Into):
    _name = "into_part"
    kept_in = _PartLibrary


class WholeCompiler(CompilerBase):
    """Numba's compiler of a function that Python calls."""

    further: tuple[Any, ...] = (_CountedFromTheFirst, _IntoWhole)
    """The steps beside Numba's own."""

    def define_pipelines(self) -> list[Any]:
        """All steps."""
        steps = DefaultPassBuilder.define_nopython_pipeline(self.state)
        for step in reversed(self.further):
            steps.add_pass_after(step, AnnotateTypes)
        steps.finalize()
        return [steps]


class PartCompiler(WholeCompiler):
    """Numba's compiler of a function that is only called by compiled code."""

    further = (_CountedFromTheFirst, _IntoPart)


class Part(CPUDispatcher):
    """A function that is only called by compiled code, which widens the numbers it hands over.

    It has no Python objects: it can neither print nor raise an error that names a value.
    """

    def __init__(self, function: Any) -> None:
        super().__init__(function, targetoptions=_OPTIONS, pipeline_class=PartCompiler)

    def __call__(self, *args: Any, **named: Any) -> Any:
        """Refused: there is no machine code to call."""
        raise TypeError(f"{self.py_func.__name__} is part of compiled code: nothing else can call it")

    def get_call_template(self, args: Any, kws: Any) -> Any:
        """How it is called with arguments of these types."""
        return super().get_call_template([_widened(each) for each in args], kws)


def _widened(kind: Any) -> Any:
    """A type of 64 bits for a whole number, or for one that is known when compiling; others as they are."""
    kind = types.unliteral(kind)
    return types.int64 if kind in types.signed_domain else kind
