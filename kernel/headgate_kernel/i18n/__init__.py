"""Words for people: catalogues of the kernel and its plugins."""

from headgate_kernel.i18n.catalogue import LOCALES, Catalogue

__all__ = ["LOCALES", "Catalogue"]
