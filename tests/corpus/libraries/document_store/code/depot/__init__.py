from .archive import export, restore
from .index import Index
from .store import Depot, NotFound, WrongPassword

__all__ = ["Depot", "Index", "NotFound", "WrongPassword", "export", "restore"]
