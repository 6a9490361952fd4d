"""The recordings of a compiled function, by what they read besides its arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vargrad._compile.running import Running, named_sources
from vargrad._compile.specialization import Specialization
from vargrad._compile.watch.fingerprints import Fingerprint, fingerprint, is_part
from vargrad._compile.watch.places import all_code, changes, places
from vargrad._compile.watch.reads import Read, Reads, changed_by_recording, may_change
from vargrad._vm.machine import HasShortcuts

MOST_STATES = 64  # of what a function reads besides its arguments
MOST_SPECIALIZATIONS = 128  # with a recording; one of a thousand operations takes half a megabyte


class Recordings(HasShortcuts):
    """A function's recordings: those made when what they read was as it is now, and those of earlier states."""

    __wrapped__: Callable[..., Any]
    lock: Any
    _frozen: bool
    _lost_reads: Fingerprint | None = None  # of recordings that came without their function
    _loose: set[tuple[Any, ...]]  # places in which recordings themselves change what is held
    _specializations: dict[Any, Specialization]
    _states: list[tuple[Reads, dict[Any, Specialization]]]  # recordings by what they read, the newest last

    @property
    def paths(self) -> int:
        """How many paths through the function's branches have been recorded."""
        return sum(len(specialization.paths) for specialization in self._specializations.values())

    def _forget_the_oldest(self, newest: Specialization) -> None:
        """Forget all but the newest MOST_SPECIALIZATIONS that are recorded; called with the lock held."""
        recorded = [
            key
            for key, specialization in self._specializations.items()
            if specialization.paths or specialization is newest
        ]
        for key in recorded[:-MOST_SPECIALIZATIONS]:
            del self._specializations[key]

    def _roots(self) -> list[Any]:
        """Where the code begins that a recording runs: the function."""
        return [self.__wrapped__]

    def _before_recording(self) -> list[Read]:
        """What a recording reads, as far as that is known, and could change; called with the lock held."""
        if self._frozen:
            return []
        found = {read.place.key: read for reads, _ in self._states[-2:] for read in reads.now()}
        code = getattr(self.__wrapped__, "__code__", None)
        own = {} if code is None else {code: self.__wrapped__.__globals__}
        return [*found.values(), *(Read(place) for place in places(self._roots(), own) if place.key not in found)]

    def _after_recording(self, before: list[Read], running: Running) -> list[str]:
        """Watch what code that ran in a recording has read besides its arguments; called with the lock held.

        Returns why the recording may hold a number that cannot be watched.
        """
        if self._frozen:
            return []
        keys, doubtful = changed_by_recording(before)
        self._loose |= keys
        for reads, _ in self._states:
            reads.loosen(self._loose)
        found = places(self._roots(), running.seen)
        self._reads.add(found, self._loose)
        known = {read.place.key for read in before}
        new = [read for read in self._reads.of(found) if read.place.key not in known]
        kinds = set().union(*map(changes, running.seen))
        doubtful += may_change(new, kinds)
        return [*running.asked, *doubtful, *named_sources(running.seen, found), *self._reads.unknown()]

    def _whole_function(self) -> Any:
        """The function with its object, for a comparison of all that it does."""
        return self.__wrapped__

    def _fingerprint(self) -> Fingerprint | None:
        """What the recordings read, for a pickle or a file; None where that does not count."""
        return None if self._frozen else fingerprint(self._whole_function(), self._reads.places(self._loose))

    def _resume(self, stored: Fingerprint | None) -> None:
        """Watch what recordings from a pickle or a file read, and forget them if it is not what it was then.

        ``stored``: their _fingerprint(); None where it is not known.
        """
        if self._frozen:
            return
        function = self._whole_function()
        found = places(self._roots(), all_code(function))
        if stored is None or is_part(stored, fingerprint(function, found)):
            self._reads.add(found, set())
        else:
            self._forget_all()

    def _forget_all(self) -> None:
        """Begin anew, without recordings."""
        self.sparse_shortcuts: dict[Any, Any] = {}
        self._drop_ways()
        self._reads, self._specializations = Reads(), {}
        self._states = [(self._reads, self._specializations)]

    def _look(self) -> None:
        """Take the recordings made when what they read was as it is now, or none."""
        if self._reads.are_same():
            return
        with self.lock:
            if self._reads.are_same():  # another thread was recording
                return
            for i, state in enumerate(self._states):
                if state[0] is not self._reads and state[0].are_same():
                    del self._states[i]
                    break
            else:
                state = Reads(), {}
            self._states = [*self._states[1 - MOST_STATES :], state]
            self._drop_ways()
            self._reads, self._specializations = state
