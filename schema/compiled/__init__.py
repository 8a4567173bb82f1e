"""Operations compiled to batched plans: what they answer is what the ordinary path answers, sooner.

The Strawberry schema stays the only source. A feature's author declares a field once (`schema/edges.py`) and need not
know which path runs it.
"""

from schema.compiled.operations import CompiledOperations

__all__ = ["CompiledOperations"]
