from .client import ApiError, Client, NotFound

__all__ = ["ApiError", "Client", "NotFound"]
