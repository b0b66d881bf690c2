"""The answers to ``settings`` and ``change_settings``."""

import msgspec

from .. import settings
from .messages import ChangeSettings, SettingsDone, SettingsRequest


def answer(request: SettingsRequest | ChangeSettings) -> SettingsDone:
    """The settings as they are after what was asked for. Raises ``InvalidSettings``."""
    if isinstance(request, ChangeSettings):
        mine = settings.change(**msgspec.to_builtins(request.settings))
    else:
        mine = settings.load()
    return SettingsDone(
        request.id, mine.undo_seconds, mine.read_links, mine.means, mine.own_usernames
    )
