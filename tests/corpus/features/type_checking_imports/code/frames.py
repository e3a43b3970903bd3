from __future__ import annotations

from typing import TYPE_CHECKING, get_type_hints

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy.orm import Session


def rows(frame: pd.DataFrame, session: Session | None = None) -> list[tuple[int, str]]:
    return [(row["id"], row["name"]) for row in frame]


def hints_are_resolvable():
    try:
        return bool(get_type_hints(rows))
    except NameError as error:
        return error.name
