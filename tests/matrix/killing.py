"""Commands of a scene in a process that dies at a given step, on each of the stores."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.helpers import Helper
from tests.matrix.ground import STATE, Ground
from tests.matrix.play import Play
from voiceform.model.store import Write
from voiceform.state.open import open_store


class Crasher(Helper):
    """The helper process (crasher.py); `log` is what the last command wrote."""

    def __init__(self, folder: Path) -> None:
        super().__init__("tests.matrix.crasher", folder)
        self.log = folder / "steps.log"

    def run(
        self,
        play: Play,
        die_at: int | None,
        mistake: str | None = None,
        more: Mapping[str, str] | None = None,
    ) -> tuple[int, list[str]]:
        """The command of the scene, with `more` in its environment: how it ended (-9: killed), and what it
        did if it was not killed."""
        ground = play.ground
        ground.emulator.clock(now=play.scene.now.isoformat(), frozen=True)
        environ = {**ground.environ, "VOICEFORM_BASE_URL": ground.base_url, "VOICEFORM_STATE": ground.state}
        environ.update(more or {})
        code, names = self.ask(
            {
                "argv": ["-C", str(ground.folder), *play.argv],
                "environ": environ,
                "now": play.scene.now.isoformat(),
                "die_at": die_at,
                "mistake": mistake,
            }
        )
        return code, names


def put_back(play: Play, state: str = STATE) -> None:
    """The ground as it was before the command, with what is recorded in this store, which is empty."""
    ground = play.ground
    ground.state = STATE
    ground.put_back(play.kept)
    play.liar.expect()
    if state != STATE:
        _copy_state(ground, state)
        ground.state = state


def _copy_state(ground: Ground, state: str) -> None:
    documents = ground.documents()
    with open_store(state, base_dir=ground.folder) as store:
        store.write([Write(key, document, None) for key, document in documents.items()])
