"""A hint to the processor: bring a cache line near before it is needed."""

from __future__ import annotations

from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic


def _prefetch(typing: Any, array: Any, index: Any) -> Any:
    """Ask for the line that holds `array[index]`; never faults, changes nothing."""

    def lower(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        shown = context.make_array(signature.args[0])(context, builder, args[0])
        place = builder.gep(shown.data, [args[1]])
        word = ir.IntType(32)
        pointer = cgutils.voidptr_t
        hint = cgutils.get_or_insert_function(  # type: ignore[no-untyped-call]
            builder.module,
            ir.FunctionType(ir.VoidType(), [pointer, word, word, word]),
            "llvm.prefetch.p0i8" if not pointer.is_opaque else "llvm.prefetch.p0",
        )
        # Read, keep in all caches, data.
        builder.call(hint, [builder.bitcast(place, pointer), word(0), word(3), word(1)])
        return context.get_dummy_value()

    return types.void(array, types.int64), lower


prefetch: Any = intrinsic(_prefetch)
