"""Activations that a forward writes out among other things, as ``x = x * sigmoid(x)``: such steps become one."""

from __future__ import annotations

from biasscope.models.surgery.reading.elementwise import is_bent, is_pixelwise
from biasscope.models.surgery.reading.record import Node, Record


def gather(record: Record) -> None:
    """Put one step in the place of those that together are an activation of one map.

    They are, if the map is read several times, by nothing but pixelwise steps without numbers of their own, all of
    which end in one value, and one of them is not linear. Arithmetic on that value alone (``/ 6``) belongs to it.
    """
    readers = _readers(record)
    for value in range(len(record.shapes)):
        several = readers.get(value, ())
        if len(several) > 1 and all(is_pixelwise(record, node, value) for node in several):
            steps = _steps(record, readers, value)
            if any(is_bent(step) for step in steps):
                _merge(record, value, steps)
                readers = _readers(record)


def _readers(record: Record) -> dict[int, list[Node]]:
    found: dict[int, list[Node]] = {}
    for node in record.nodes:
        for value in node.inputs:
            found.setdefault(value, []).append(node)
    return found


def _steps(record: Record, readers: dict[int, list[Node]], value: int) -> list[Node]:
    """Steps from a value to the one that all of them end in; none if something else reads what lies between."""
    inside, steps = {value}, list[Node]()
    for node in record.nodes:
        if not inside.issuperset(node.inputs) or not is_pixelwise(record, node, value):
            continue
        steps.append(node)
        inside.update(node.outputs)
        if _closed(record, readers, inside - set(node.outputs), steps):
            return _followed(record, readers, steps)
    return []


def _closed(record: Record, readers: dict[int, list[Node]], between: set[int], steps: list[Node]) -> bool:
    known = {step.index for step in steps}
    return not between & record.results and all(
        node.index in known for value in between for node in readers.get(value, ())
    )


def _followed(record: Record, readers: dict[int, list[Node]], steps: list[Node]) -> list[Node]:
    """Those steps, and the pixelwise ones behind that read their value alone."""
    value = steps[-1].outputs[0]
    while value not in record.results and len(readers.get(value, ())) == 1:
        (node,) = readers[value]
        if node.inputs != (value,) or not is_pixelwise(record, node, value):
            break
        steps.append(node)
        value = node.outputs[0]
    return steps


def _merge(record: Record, value: int, steps: list[Node]) -> None:
    last, gone = steps[-1], steps[:-1]
    within = [name for step in steps for name in step.names if not (step is last and name == last.where)]
    node = Node(
        last.index, last.op, last.where, last.is_module, (value,), last.outputs, elementwise=True, within=tuple(within)
    )
    record.nodes[:] = [node if other is last else other for other in record.nodes if other is last or other not in gone]
