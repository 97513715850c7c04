"""mtc turns web-server access logs into daily statistics people trust, for many sites, exactly once."""

__all__ = ["__version__"]

__version__ = "0.2.0"
