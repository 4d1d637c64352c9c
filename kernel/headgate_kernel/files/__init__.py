"""Pictures that people upload: checked by content, made smaller, kept with the tenant's data."""

from headgate_kernel.files.pictures import PURPOSES, StoredPicture, read_picture, store_picture

__all__ = ["PURPOSES", "StoredPicture", "read_picture", "store_picture"]
