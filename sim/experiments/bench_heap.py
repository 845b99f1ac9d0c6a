"""A bare compiled heap of events: what merely keeping the time costs, without anything that happens."""

from __future__ import annotations

import time

import numpy as np

from sim.compiled import compiled
from sim.plans.plan import Ints


@compiled()
def push_and_pop(heap: Ints, ahead: Ints, times: int) -> int:
    """Take the first event off a binary heap and put another on, so often; returns the last event."""
    last, event = len(heap) - 1, 0
    for k in range(times):
        event, moved, place = heap[0], heap[last], 0
        while 2 * place + 1 < last:  # pop: the last one sinks from the top
            child = 2 * place + 1
            if child + 1 < last and heap[child + 1] < heap[child]:
                child += 1
            if heap[child] >= moved:
                break
            heap[place] = heap[child]
            place = child
        heap[place] = moved
        pushed, place = event + ahead[k % len(ahead)], last
        while place > 0 and heap[(place - 1) // 2] > pushed:  # push: the new one rises from the end
            heap[place] = heap[(place - 1) // 2]
            place = (place - 1) // 2
        heap[place] = pushed
    return event


def timed_heap(events: int, held: int) -> dict[str, float]:
    """Processor time of so many events taken and put, with so many in the heap."""
    draw = np.random.default_rng(1)
    heap = np.sort(draw.integers(0, 2**40, held))
    ahead = draw.integers(1, 2**40, 2**16)
    began = time.thread_time()
    push_and_pop(heap, ahead, events)
    seconds = time.thread_time() - began
    return {"held": held, "seconds": seconds, "nanoseconds_an_event": seconds / events * 1e9}
